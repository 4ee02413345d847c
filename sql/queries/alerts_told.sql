-- When each alert was told of each group for the last time.
SELECT alert, group_key, max(told_at) AS told_at
FROM alerts FINAL
GROUP BY alert, group_key
