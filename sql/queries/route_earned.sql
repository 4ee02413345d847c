-- What these clicks brought, by the age of the click and the delay of the conversion, in the same steps: of one event
-- each counts as one, without an event its payout in one currency (refunds are negative). Rejected ones are nothing.
SELECT
    offer,
    CAST([${SEGMENT}], 'Array(String)') AS segment,
    toUInt8(floor(log2(greatest({now:Int64} - toUnixTimestamp64Milli(clicked_at), 0) / 60000 + 1))) AS age,
    toUInt8(floor(log2(greatest(toUnixTimestamp64Milli(occurred_at) - toUnixTimestamp64Milli(clicked_at), 0) / 60000 + 1)))
        AS delay,
    count() AS times,
    sum(if({event:String} = '', toFloat64(ifNull(payout, 0)), 1)) AS worth,
    sum(if({event:String} = '', pow(toFloat64(ifNull(payout, 0)), 2), 1)) AS squares
FROM conversions FINAL
WHERE campaign = {campaign:String}
  AND clicked_at >= fromUnixTimestamp64Milli({since:Int64})
  AND status != 'rejected'
  AND if({event:String} = '', currency = {currency:String} AND payout != 0, event = {event:String} AND NOT is_refund)
  AND NOT is_bot
  AND NOT is_test
GROUP BY offer, segment, age, delay
