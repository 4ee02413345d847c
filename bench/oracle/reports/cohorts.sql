-- group, week of the first subscription or its click, period: subscribers, retained, share.
WITH renewals AS (
    SELECT * FROM held WHERE event IN ${EVENTS} AND status IN ${STATUSES} AND NOT is_refund
), firsts AS (
    SELECT *, epoch_ms(${DATED}) AS moment FROM renewals WHERE event = ${EVENTS}[1]
    QUALIFY row_number() OVER (PARTITION BY click_id ORDER BY occurred_at, conversion_id) = 1
), members AS (
    SELECT ${DIMENSIONS} CAST(date_trunc('week', moment) AS DATE) AS cohort, click_id, occurred_at AS began FROM firsts
    WHERE ${DATED} >= ${SINCE} AND ${DATED} < ${UNTIL}
), sizes AS (
    SELECT ${KEYS}, cohort, count(*) AS subscribers,
        least(120, greatest(1, (${NOW} - max(began) + ${PERIOD} // 2) // ${PERIOD})) AS shown
    FROM members GROUP BY ALL
), lived AS (
    SELECT DISTINCT ${KEYS}, cohort, click_id, (occurred_at - began + ${PERIOD} // 2) // ${PERIOD} AS period
    FROM members JOIN (SELECT click_id, occurred_at FROM renewals) USING (click_id)
), retained AS (
    SELECT ${KEYS}, cohort, period, count(*) AS retained FROM lived GROUP BY ALL
), periods AS (
    SELECT ${KEYS}, cohort, subscribers, unnest(range(shown)) AS period FROM sizes
)
SELECT ${KEYS}, cohort, period, subscribers, coalesce(retained, 0), coalesce(retained, 0) / subscribers
FROM periods LEFT JOIN retained USING (${KEYS}, cohort, period)
