-- The funnel of the clicks of a time, by one dimension of the click.
-- One row per group and step: `click`, then each event that has any. A step counts the clicks that reached it, whatever
-- the order of the steps; a rejected conversion reaches nothing, and neither does a refund. Money is what was approved,
-- refunds taken off, per currency; of the step `click` it is the cost.
SELECT
    if({grouped:Bool}, toString({dimension:Identifier}), '') AS group,
    'click' AS event,
    count() AS clicks,
    count() AS conversions,
    sumMapIf(map(currency, assumeNotNull(cost)), isNotNull(cost)) AS money
FROM clicks FINAL
WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  AND clicked_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
  AND (NOT is_test OR {tests:Bool})
GROUP BY group

UNION ALL

SELECT
    if({grouped:Bool}, toString({dimension:Identifier}), '') AS group,
    event,
    uniqExactIf(click_id, status != 'rejected' AND NOT is_refund) AS clicks,
    countIf(status != 'rejected' AND NOT is_refund) AS conversions,
    sumMapIf(map(currency, assumeNotNull(payout)), isNotNull(payout) AND status = 'approved') AS money
FROM conversions FINAL
WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
  AND clicked_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
  AND event IN {events:Array(String)}
  AND (NOT is_test OR {tests:Bool})
GROUP BY group, event
