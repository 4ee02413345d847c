-- group, stage: how many, and how long in milliseconds. There are no deliveries here, so it is about postbacks alone.
WITH spans AS (
    SELECT ${DIMENSIONS} decided_at - received_at AS ms FROM (SELECT *, epoch_ms(received_at) AS moment FROM told)
    WHERE outcome != 'waiting' AND received_at >= ${SINCE} AND received_at < ${UNTIL}
), found AS (
    SELECT ${KEYS}, count(*) AS count, list_sort(list(ms)) AS sorted FROM spans GROUP BY ALL
)
SELECT ${KEYS}, 'decided', count, at_level(sorted, 0.5), at_level(sorted, 0.9), at_level(sorted, 0.99), sorted[-1] FROM found
