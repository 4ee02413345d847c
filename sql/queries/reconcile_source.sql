-- The clicks of a source, for its bill. Those of a day before and after the time are there to be found.
SELECT
    source_click_id, click_id, cost AS amount, currency,
    clicked_at >= fromUnixTimestamp64Milli({since:Int64}) AND clicked_at < fromUnixTimestamp64Milli({until:Int64}) AS asked
FROM clicks FINAL
WHERE source = {name:String}
  AND clicked_at >= fromUnixTimestamp64Milli({since:Int64} - 86400000)
  AND clicked_at < fromUnixTimestamp64Milli({until:Int64} + 86400000)
  AND NOT is_test
