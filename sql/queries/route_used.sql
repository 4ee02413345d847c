-- What the offers of a campaign had since a moment: clicks (their event is empty), and conversions that are neither
-- rejected nor refunds. For caps, so whatever was sent there counts, robots too; tests do not.
SELECT offer, '' AS event, count() AS times
FROM clicks FINAL
WHERE campaign = {campaign:String} AND clicked_at >= fromUnixTimestamp64Milli({since:Int64}) AND NOT is_test
GROUP BY offer

UNION ALL

SELECT offer, event, count() AS times
FROM conversions FINAL
WHERE campaign = {campaign:String}
  AND occurred_at >= fromUnixTimestamp64Milli({since:Int64})
  AND status != 'rejected'
  AND NOT is_refund
  AND NOT is_test
GROUP BY offer, event
