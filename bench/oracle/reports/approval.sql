-- group: conversions, pending, approved, rejected, rate, decided at once, and how long it took in seconds.
WITH dated AS (
    SELECT *, epoch_ms(${DATED}) AS moment FROM held
    WHERE ${DATED} >= ${SINCE} AND ${DATED} < ${UNTIL} AND status IN ${STATUSES} AND NOT is_refund
), waits AS (
    SELECT ${DIMENSIONS} status, status_received_at - received_at AS ms FROM dated
), found AS (
    SELECT ${KEYS}, count(*) AS conversions, count(*) FILTER (status = 'pending') AS pending,
        count(*) FILTER (status = 'approved') AS approved, count(*) FILTER (status = 'rejected') AS rejected,
        count(*) FILTER (status != 'pending' AND ms = 0) AS at_once,
        list_sort(list(ms) FILTER (status != 'pending')) AS sorted
    FROM waits GROUP BY ALL
)
SELECT ${KEYS}, conversions, pending, approved, rejected, approved / nullif(approved + rejected, 0), at_once,
    at_level(sorted, 0.5) / 1000, at_level(sorted, 0.9) / 1000
FROM found
