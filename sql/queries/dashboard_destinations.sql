-- Of each destination that was told something in a time: its attempts, and how they ended.
SELECT
    destination,
    count() AS attempts,
    countIf(state = 'delivered') AS delivered,
    countIf(state != 'delivered') AS refused,
    max(attempted_at) AS last_at,
    argMaxIf(if(code = 0, reason, concat('HTTP ', toString(code), if(reason = '', '', concat(', ', reason)))), attempted_at, state != 'delivered') AS example
FROM deliveries FINAL
WHERE attempted_at >= fromUnixTimestamp64Milli({since:Int64})
  AND attempt > 0
  AND state IN ('delivered', 'retry', 'failed')
GROUP BY destination
ORDER BY destination
