-- The view again: to go on from a lander to the offer is a step of the funnel, but nothing that is paid for.
CREATE OR REPLACE VIEW performance ${ON_CLUSTER}
(
    day         Date COMMENT 'The day of the click (UTC)',
    campaign    LowCardinality(String) COMMENT 'The click''s campaign',
    source      LowCardinality(String) COMMENT 'The click''s traffic source',
    offer       LowCardinality(String) COMMENT 'The click''s offer',
    country     LowCardinality(String) COMMENT 'The click''s country',
    device      LowCardinality(String) COMMENT 'The click''s device',
    placement   String COMMENT 'The click''s placement',
    creative    String COMMENT 'The click''s creative',
    currency    LowCardinality(String) COMMENT 'ISO 4217 code of the amounts; empty: rows without any',
    clicks      UInt64 COMMENT 'Clicks, in the row of the currency of their cost',
    conversions UInt64 COMMENT 'Conversions that are not rejected, no refunds, in the row of the currency of their payout',
    cost        Decimal(38, 8) COMMENT 'What the clicks cost us',
    pending     Decimal(38, 8) COMMENT 'Payout that is not decided, refunds taken off',
    approved    Decimal(38, 8) COMMENT 'Payout that is approved, refunds taken off',
    rejected    Decimal(38, 8) COMMENT 'Payout that was refused',
    profit      Decimal(38, 8) COMMENT 'Approved payout less cost, in this currency'
)
AS SELECT
    day, campaign, source, offer, country, device, placement, creative, currency,
    sum(came) AS clicks,
    sum(happened) AS conversions,
    sum(spent) AS cost,
    sum(open) AS pending,
    sum(granted) AS approved,
    sum(refused) AS rejected,
    approved - cost AS profit
FROM
(
    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        currency,
        count() AS came,
        0 AS happened,
        ifNull(sum(clicks.cost), 0) AS spent,
        toDecimal128(0, 8) AS open,
        toDecimal128(0, 8) AS granted,
        toDecimal128(0, 8) AS refused
    FROM clicks FINAL
    WHERE NOT is_test AND NOT is_bot
    GROUP BY ALL

    UNION ALL

    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        currency,
        0 AS came,
        countIf(status != 'rejected' AND NOT is_refund) AS happened,
        toDecimal128(0, 8) AS spent,
        ifNull(sumIf(payout, status = 'pending'), 0) AS open,
        ifNull(sumIf(payout, status = 'approved'), 0) AS granted,
        ifNull(sumIf(payout, status = 'rejected'), 0) AS refused
    FROM conversions FINAL
    WHERE NOT is_test AND NOT is_bot AND event != 'lander_click'
    GROUP BY ALL
)
GROUP BY day, campaign, source, offer, country, device, placement, creative, currency
COMMENT 'What clicks cost and bring, by the day and the facts of the click; without tests and bots. Never add up amounts of two currencies.';
