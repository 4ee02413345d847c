WITH toTimeZone(clicked_at, {zone:String}) AS at
SELECT
    ${DIMENSIONS}
    if(isNull(cost), '', clicks.currency) AS own_currency,
    if({into:String} = '', toDate(0), toDate(clicked_at)) AS rate_day,
    count() AS n,
    toDecimal256(ifNull(sum(cost), 0), 8) AS own,
    count(cost) AS owns
FROM clicks FINAL
WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
  AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
  AND (NOT is_test OR {tests:Bool})${FILTERS}
  AND (NOT is_bot OR {bots:Bool})
  ${READ_DAYS}
GROUP BY ALL
