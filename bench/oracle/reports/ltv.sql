-- group, currency, days: clicks (or, by conversion, those who bought) that are so old by now, and the exact sum they brought.
WITH age AS (
    SELECT CAST(unnest([1, 7, 14, 30, 60, 90, 180, 365]) AS BIGINT) AS days
), wanted AS (
    SELECT * FROM held WHERE status IN ${STATUSES}
), firsts AS (
    SELECT click_id, conversion_id AS first, occurred_at AS first_at FROM wanted WHERE NOT is_refund
    QUALIFY row_number() OVER (PARTITION BY click_id ORDER BY occurred_at, conversion_id) = 1
), begun AS (
    SELECT *, epoch_ms(began) AS moment FROM (
        SELECT wanted.*, CASE WHEN '${DATED}' = 'clicked_at' THEN clicked_at ELSE first_at END AS began,
            CAST('${DATED}' = 'occurred_at' AND conversion_id = first AS INTEGER) AS is_first
        FROM wanted LEFT JOIN firsts USING (click_id)
    ) WHERE began >= ${SINCE} AND began < ${UNTIL}
), lives AS (
    SELECT ${DIMENSIONS} days, 1 AS counts, '' AS currency, NULL AS amount
    FROM (SELECT *, epoch_ms(clicked_at) AS moment FROM came WHERE '${DATED}' = 'clicked_at'), age
    WHERE clicked_at >= ${SINCE} AND clicked_at < ${UNTIL} AND clicked_at + days * 86400000 <= ${NOW}
    UNION ALL
    SELECT ${DIMENSIONS} days, is_first, currency,
        CASE WHEN occurred_at < began + days * 86400000 THEN payout END
    FROM begun, age WHERE began + days * 86400000 <= ${NOW}
), clicks AS (
    SELECT ${KEYS}, days, sum(counts) AS clicks FROM lives GROUP BY ALL
), sums AS (
    SELECT ${KEYS}, days, currency, sum(amount) AS amount FROM lives WHERE amount IS NOT NULL GROUP BY ALL
)
SELECT ${KEYS}, coalesce(currency, ''), days, clicks, coalesce(amount, 0)
FROM clicks LEFT JOIN sums USING (${KEYS}, days)
