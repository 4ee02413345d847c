WITH toTimeZone(clicked_at, {zone:String}) AS at
SELECT
    ${DIMENSIONS}
    if(billed, [${FACTS}], []) AS facts,
    toString(if(isNull(cost), '', clicks.currency)) AS own_currency,
    if({into:String} = '', toDate(0), toDate(clicked_at)) AS rate_day,
    if(billed, toDate(clicked_at), toDate(0)) AS bill_day,
    billed AND (is_test OR is_bot) AS left_out,
    count() AS n,
    toDecimal256(ifNull(sum(cost), 0), 8) AS own,
    count(cost) AS owns,
    min(if(billed, click_id, '')) AS first_click
FROM clicks FINAL
WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
  AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
  AND (NOT is_test OR {tests:Bool})${FILTERS}
  AND (NOT is_bot OR {bots:Bool})
GROUP BY ALL
