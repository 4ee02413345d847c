-- The conversions of clicks as they stand now, whole.
SELECT
    click_id, conversion_id, event, network, postback_id, txid, status, raw_status, toString(payout) AS amount, currency,
    toUnixTimestamp64Milli(occurred_at) AS occurred_ms,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    toUnixTimestamp64Milli(status_at) AS status_ms,
    toUnixTimestamp64Milli(status_received_at) AS status_received_ms,
    is_refund, is_test, version
FROM conversions FINAL
WHERE id_day IN {days:Array(Date)} AND click_id IN {click_ids:Array(String)}
ORDER BY click_id, received_at, conversion_id
