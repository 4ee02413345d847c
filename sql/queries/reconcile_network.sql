-- The conversions of a network, for its own statement. Those of a day before and after the time are there to be found.
SELECT
    txid, click_id, event, toString(status) AS status, payout AS amount, currency,
    occurred_at >= fromUnixTimestamp64Milli({since:Int64}) AND occurred_at < fromUnixTimestamp64Milli({until:Int64}) AS asked
FROM conversions FINAL
WHERE network = {name:String}
  AND occurred_at >= fromUnixTimestamp64Milli({since:Int64} - 86400000)
  AND occurred_at < fromUnixTimestamp64Milli({until:Int64} + 86400000)
  AND NOT is_test
