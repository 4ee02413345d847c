-- group, event: clicks, how many of them before their click, quantiles of the rest in seconds.
WITH firsts AS (
    SELECT *, epoch_ms(${DATED}) AS moment FROM held
    WHERE event IN ${EVENTS} AND status IN ${STATUSES} AND NOT is_refund
    QUALIFY row_number() OVER (PARTITION BY click_id, event ORDER BY occurred_at, conversion_id) = 1
), spans AS (
    SELECT ${DIMENSIONS} event, occurred_at - clicked_at AS ms FROM firsts WHERE ${DATED} >= ${SINCE} AND ${DATED} < ${UNTIL}
), found AS (
    SELECT ${KEYS}, event, count(*) AS clicks, count(*) FILTER (ms < 0) AS before,
        list_sort(list(ms) FILTER (ms >= 0)) AS sorted
    FROM spans GROUP BY ALL
)
SELECT ${KEYS}, event, clicks, before, at_level(sorted, 0.1) / 1000, at_level(sorted, 0.5) / 1000,
    at_level(sorted, 0.9) / 1000, at_level(sorted, 0.99) / 1000
FROM found
