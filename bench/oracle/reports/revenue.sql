-- group, currency: clicks, conversions, and exact sums: cost, pending, approved, rejected, what is paid for the asked statuses.
WITH rows AS (
    SELECT ${DIMENSIONS} 1 AS clicks, 0 AS conversions, CASE WHEN cost IS NULL THEN '' ELSE currency END AS currency,
        cost IS NOT NULL AS is_priced, cost, NULL AS payout, '' AS status
    FROM (SELECT *, epoch_ms(clicked_at) AS moment FROM came) WHERE clicked_at >= ${SINCE} AND clicked_at < ${UNTIL}
    UNION ALL
    SELECT ${DIMENSIONS} 0, CAST(NOT is_refund AND status IN ${STATUSES} AS INTEGER),
        CASE WHEN payout IS NULL THEN '' ELSE currency END, payout IS NOT NULL, NULL, payout, status
    FROM (SELECT *, epoch_ms(${DATED}) AS moment FROM held) WHERE ${DATED} >= ${SINCE} AND ${DATED} < ${UNTIL}
), groups AS (
    SELECT ${KEYS}, sum(clicks) AS clicks, sum(conversions) AS conversions, bool_or(is_priced) AS is_priced
    FROM rows GROUP BY ALL
), sums AS (
    SELECT ${KEYS}, currency, bool_or(is_priced) AS is_amount, coalesce(sum(cost), 0) AS cost,
        coalesce(sum(payout) FILTER (status = 'pending'), 0) AS pending,
        coalesce(sum(payout) FILTER (status = 'approved'), 0) AS approved,
        coalesce(sum(payout) FILTER (status = 'rejected'), 0) AS rejected,
        coalesce(sum(payout) FILTER (status IN ${STATUSES}), 0) AS paid
    FROM rows GROUP BY ALL
)
SELECT ${KEYS}, currency, clicks, conversions, cost, pending, approved, rejected, paid
FROM groups JOIN sums USING (${KEYS}) WHERE is_amount OR NOT is_priced
