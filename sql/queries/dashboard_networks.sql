-- Of each network that sent postbacks in a time: how many, and when the last one came.
SELECT network, uniqExact(postback_id) AS postbacks, min(received_at) AS first_at, max(received_at) AS last_at
FROM postbacks
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
  AND network != ''
  AND origin = ''
GROUP BY network
ORDER BY network
