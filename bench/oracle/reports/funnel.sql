-- group, step, event: clicks, conversions, share of all clicks, share of the step before, money by currency.
WITH clicked AS (
    SELECT ${DIMENSIONS} click_id, cost, currency FROM (SELECT *, epoch_ms(clicked_at) AS moment FROM came)
    WHERE clicked_at >= ${SINCE} AND clicked_at < ${UNTIL}
), dated AS (
    SELECT *, epoch_ms(${DATED}) AS moment, list_position(${EVENTS}, event) AS step FROM held
    WHERE ${DATED} >= ${SINCE} AND ${DATED} < ${UNTIL} AND event IN ${EVENTS} AND status IN ${STATUSES}
), first AS (
    SELECT click_id, min(occurred_at) AS reached FROM dated
    WHERE NOT is_refund AND step = 1 AND occurred_at >= clicked_at GROUP BY click_id
), second AS (
    SELECT click_id, min(occurred_at) AS reached FROM dated JOIN first USING (click_id)
    WHERE NOT is_refund AND step = 2 AND occurred_at >= reached GROUP BY click_id
), third AS (
    SELECT click_id, min(occurred_at) AS reached FROM dated JOIN second USING (click_id)
    WHERE NOT is_refund AND step = 3 AND occurred_at >= reached GROUP BY click_id
), in_order AS (
    SELECT click_id, 1 AS step FROM first UNION ALL SELECT click_id, 2 FROM second UNION ALL SELECT click_id, 3 FROM third
), sold AS (
    SELECT ${DIMENSIONS} step, click_id, currency, payout,
        NOT is_refund AND (NOT ${STRICT} OR (click_id, step) IN (SELECT (click_id, step) FROM in_order)) AS counts,
        status = 'approved' AND payout IS NOT NULL AS pays
    FROM dated
), reached AS (
    SELECT ${KEYS}, 0 AS step, count(DISTINCT click_id) AS clicks, count(*) AS times FROM clicked GROUP BY ALL
    UNION ALL
    SELECT ${KEYS}, step, count(DISTINCT click_id) FILTER (counts), count(*) FILTER (counts)
    FROM sold WHERE counts OR pays GROUP BY ALL
), sums AS (
    SELECT ${KEYS}, 0 AS step, currency, sum(cost) AS amount FROM clicked WHERE cost IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT ${KEYS}, step, currency, sum(payout) FROM sold WHERE pays GROUP BY ALL
), money AS (
    SELECT ${KEYS}, step, map_from_entries(list((currency, round(amount, 2)))) AS money FROM sums GROUP BY ALL
), every_step AS (
    FROM (SELECT DISTINCT ${KEYS} FROM reached)
    CROSS JOIN (SELECT unnest(range(4)) AS step, unnest(['click'] || ${EVENTS}) AS event)
), found AS (
    SELECT ${KEYS}, step, event, coalesce(clicks, 0) AS clicks, coalesce(times, 0) AS times, coalesce(money, MAP {}) AS money
    FROM every_step LEFT JOIN reached USING (${KEYS}, step) LEFT JOIN money USING (${KEYS}, step)
)
SELECT ${KEYS}, step, event, clicks, times, clicks / nullif(first_value(clicks) OVER life, 0),
    clicks / nullif(lag(clicks) OVER life, 0), money
FROM found WINDOW life AS (PARTITION BY ${KEYS} ORDER BY step)
