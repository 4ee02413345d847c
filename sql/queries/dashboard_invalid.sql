-- Input that could not be used, by kind, reason and sender, the most frequent first.
SELECT
    kind,
    code,
    if(network != '', network, source) AS sender,
    count() AS times,
    max(received_at) AS last_at,
    argMax(detail, received_at) AS example
FROM invalid FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
  AND received_at < fromUnixTimestamp64Milli({until:Int64})
GROUP BY kind, code, sender
ORDER BY times DESC, kind, code, sender
LIMIT {most:UInt32}
