-- The conversions of a click as they stand now, in the order they happened.
SELECT
    conversion_id, event, txid, status, raw_status, payout, currency, is_refund, network, postback_id,
    occurred_at, received_at, status_at, status_received_at, is_test, origin
FROM conversions FINAL
PREWHERE id_day = {id_day:Date} AND click_id = {click_id:String}
ORDER BY occurred_at, received_at, conversion_id
