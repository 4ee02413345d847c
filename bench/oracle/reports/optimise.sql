-- group, currency: clicks, clicks by step, cost, what they brought, profit.
WITH clicked AS (
    SELECT ${DIMENSIONS} cost, currency FROM (SELECT *, epoch_ms(clicked_at) AS moment FROM came)
    WHERE clicked_at >= ${SINCE} AND clicked_at < ${UNTIL}
), sold AS (
    SELECT ${DIMENSIONS} click_id, event, payout, currency, is_refund
    FROM (SELECT *, epoch_ms(clicked_at) AS moment FROM held)
    WHERE clicked_at >= ${SINCE} AND clicked_at < ${UNTIL} AND event IN ${EVENTS} AND status IN ${STATUSES}
), groups AS (
    SELECT ${KEYS}, sum(counts) AS clicks
    FROM (SELECT ${KEYS}, 1 AS counts FROM clicked UNION ALL SELECT ${KEYS}, 0 FROM sold) GROUP BY ALL
), every_step AS (
    FROM groups CROSS JOIN (SELECT unnest(${EVENTS}) AS event)
), reached AS (
    SELECT ${KEYS}, event, count(DISTINCT click_id) AS clicks FROM sold WHERE NOT is_refund GROUP BY ALL
), steps AS (
    SELECT ${KEYS}, map_from_entries(list((event, coalesce(reached.clicks, 0)))) AS steps
    FROM every_step LEFT JOIN reached USING (${KEYS}, event) GROUP BY ALL
), sums AS (
    SELECT ${KEYS}, currency, sum(cost) AS cost, sum(paid) AS paid
    FROM (
        SELECT ${KEYS}, currency, cost, 0 AS paid FROM clicked WHERE cost IS NOT NULL
        UNION ALL
        SELECT ${KEYS}, currency, 0, payout FROM sold WHERE payout IS NOT NULL
    ) GROUP BY ALL
)
SELECT ${KEYS}, coalesce(currency, ''), clicks, steps, round(coalesce(cost, 0), 2), round(coalesce(paid, 0), 2),
    round(coalesce(paid, 0) - coalesce(cost, 0), 2)
FROM groups JOIN steps USING (${KEYS}) LEFT JOIN sums USING (${KEYS})
