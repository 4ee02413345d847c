-- The clicks that a partner may be credited for, by day, campaign and what `partner=` said; without tests.
SELECT
    toDate(toTimeZone(clicked_at, {zone:String})) AS day,
    campaign,
    params['partner'] AS claim,
    count() AS clicks
FROM clicks FINAL
WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
  AND (claim = {partner:String}
       OR startsWith(claim, concat({partner:String}, '.'))
       OR claim IN {accept:Array(String)}
       OR campaign IN {campaigns:Array(String)})
  AND NOT is_test
GROUP BY ALL
ORDER BY ALL
