-- Of each destination that was told something in a time: its attempts, how they ended, and how long the answers took.
SELECT
    destination,
    count() AS attempts,
    countIf(state = 'delivered') AS delivered,
    countIf(state != 'delivered') AS refused,
    max(attempted_at) AS last_at,
    quantile(0.5)(took_ms) AS p50_ms,
    quantile(0.95)(took_ms) AS p95_ms,
    argMaxIf(if(code = 0, reason, concat('HTTP ', toString(code), if(reason = '', '', concat(', ', reason)))), attempted_at, state != 'delivered') AS example
FROM deliveries FINAL
WHERE attempted_at >= fromUnixTimestamp64Milli({since:Int64})
  AND attempt > 0
  AND state IN ('delivered', 'retry', 'failed')
GROUP BY destination
ORDER BY destination
