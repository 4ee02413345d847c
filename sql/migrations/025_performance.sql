-- The view again: what a source charges for events that are approved is spent as well, on the day of their click.
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
    cost        Decimal(38, 8) COMMENT 'What the clicks cost us, by bills, else by their own account, and what their events do',
    pending     Decimal(38, 8) COMMENT 'Payout that is not decided, refunds taken off',
    approved    Decimal(38, 8) COMMENT 'Payout that is approved, refunds taken off',
    rejected    Decimal(38, 8) COMMENT 'Payout that was refused',
    profit      Decimal(38, 8) COMMENT 'Approved payout less cost, in this currency'
)
AS
WITH
    (SELECT groupUniqArray(CAST(mapKeys(mapSort(dimensions)), 'Array(String)')) FROM costs FINAL) AS sets,
    arrayDistinct(arrayFlatten(sets)) AS billed_by,
    notEmpty(sets) AS billed,
    [
        'campaign', 'source', 'offer', 'network', 'country', 'device', 'os', 'browser', 'placement', 'creative',
        'source_campaign', 'keyword', 'lander', 'sub1', 'sub2', 'sub3', 'sub4', 'sub5', 'sub6', 'sub7', 'sub8',
        'sub9', 'sub10'
    ] AS fact_names
SELECT
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
        day, campaign, source, offer, country, device, placement, creative,
        part.1 AS currency,
        sum(part.2) AS came,
        0 AS happened,
        toDecimal128(sum(part.3), 8) AS spent,
        toDecimal128(0, 8) AS open,
        toDecimal128(0, 8) AS granted,
        toDecimal128(0, 8) AS refused
    FROM
    (
        SELECT
            cells.day AS day, campaign, source, offer, country, device, placement, creative,
            arrayConcat(
                if(max(has_bill), [('', any(n), toDecimal256(0, 8))], [(own_currency, any(n), any(own))]),
                groupArrayIf(
                    (toString(bill_currency), toUInt64(0), each * n + if(first_click = first_of_bill, rest, 0)),
                    has_bill)) AS parts
        FROM
        (
            SELECT *, names, arrayMap(name -> facts[indexOf(fact_names, name)], names) AS named
            FROM
            (
                SELECT
                    toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
                    if(billed, [
                        if(has(billed_by, 'campaign'), toString(campaign), ''),
                        if(has(billed_by, 'source'), toString(source), ''),
                        if(has(billed_by, 'offer'), toString(offer), ''),
                        if(has(billed_by, 'network'), toString(network), ''),
                        if(has(billed_by, 'country'), toString(country), ''),
                        if(has(billed_by, 'device'), toString(device), ''),
                        if(has(billed_by, 'os'), toString(os), ''),
                        if(has(billed_by, 'browser'), toString(browser), ''),
                        if(has(billed_by, 'placement'), toString(placement), ''),
                        if(has(billed_by, 'creative'), toString(creative), ''),
                        if(has(billed_by, 'source_campaign'), toString(source_campaign), ''),
                        if(has(billed_by, 'keyword'), toString(keyword), ''),
                        if(has(billed_by, 'lander'), toString(lander), ''),
                        if(has(billed_by, 'sub1'), toString(sub1), ''),
                        if(has(billed_by, 'sub2'), toString(sub2), ''),
                        if(has(billed_by, 'sub3'), toString(sub3), ''),
                        if(has(billed_by, 'sub4'), toString(sub4), ''),
                        if(has(billed_by, 'sub5'), toString(sub5), ''),
                        if(has(billed_by, 'sub6'), toString(sub6), ''),
                        if(has(billed_by, 'sub7'), toString(sub7), ''),
                        if(has(billed_by, 'sub8'), toString(sub8), ''),
                        if(has(billed_by, 'sub9'), toString(sub9), ''),
                        if(has(billed_by, 'sub10'), toString(sub10), '')
                    ], []) AS facts,
                    toString(if(isNull(clicks.cost), '', clicks.currency)) AS own_currency,
                    count() AS n,
                    toDecimal256(ifNull(sum(clicks.cost), 0), 8) AS own,
                    min(if(billed, click_id, '')) AS first_click
                FROM clicks FINAL
                WHERE NOT is_test AND NOT is_bot
                GROUP BY ALL
            )
            LEFT ARRAY JOIN sets AS names
        ) AS cells
        LEFT JOIN
        (
            SELECT
                bills.day AS bill_day,
                bills.names AS bill_names,
                bills.named AS bill_named,
                bills.currency AS bill_currency,
                first AS first_of_bill,
                divideDecimal(bills.cost, toDecimal128(greatest(found, 1), 0), 8) AS each,
                bills.cost - each * found AS rest,
                true AS has_bill
            FROM
            (
                SELECT
                    day, cost, currency,
                    CAST(mapKeys(mapSort(dimensions)), 'Array(String)') AS names,
                    CAST(mapValues(mapSort(dimensions)), 'Array(String)') AS named
                FROM costs FINAL
            ) AS bills
            LEFT JOIN
            (
                SELECT
                    of_day, names,
                    arrayMap(name -> facts[indexOf(fact_names, name)], names) AS named,
                    sum(n) AS found,
                    min(first_click) AS first
                FROM
                (
                    SELECT
                        [
                            if(has(billed_by, 'campaign'), toString(campaign), ''),
                            if(has(billed_by, 'source'), toString(source), ''),
                            if(has(billed_by, 'offer'), toString(offer), ''),
                            if(has(billed_by, 'network'), toString(network), ''),
                            if(has(billed_by, 'country'), toString(country), ''),
                            if(has(billed_by, 'device'), toString(device), ''),
                            if(has(billed_by, 'os'), toString(os), ''),
                            if(has(billed_by, 'browser'), toString(browser), ''),
                            if(has(billed_by, 'placement'), toString(placement), ''),
                            if(has(billed_by, 'creative'), toString(creative), ''),
                            if(has(billed_by, 'source_campaign'), toString(source_campaign), ''),
                            if(has(billed_by, 'keyword'), toString(keyword), ''),
                            if(has(billed_by, 'lander'), toString(lander), ''),
                            if(has(billed_by, 'sub1'), toString(sub1), ''),
                            if(has(billed_by, 'sub2'), toString(sub2), ''),
                            if(has(billed_by, 'sub3'), toString(sub3), ''),
                            if(has(billed_by, 'sub4'), toString(sub4), ''),
                            if(has(billed_by, 'sub5'), toString(sub5), ''),
                            if(has(billed_by, 'sub6'), toString(sub6), ''),
                            if(has(billed_by, 'sub7'), toString(sub7), ''),
                            if(has(billed_by, 'sub8'), toString(sub8), ''),
                            if(has(billed_by, 'sub9'), toString(sub9), ''),
                            if(has(billed_by, 'sub10'), toString(sub10), '')
                        ] AS facts,
                        toDate(clicked_at) AS of_day,
                        count() AS n,
                        min(click_id) AS first_click
                    FROM clicks FINAL
                    WHERE billed AND toDate(clicked_at) IN (SELECT day FROM costs) AND NOT is_test AND NOT is_bot
                    GROUP BY ALL
                )
                ARRAY JOIN sets AS names
                GROUP BY of_day, names, named
            ) AS base ON base.of_day = bills.day AND base.names = bills.names AND base.named = bills.named
        ) AS spread ON spread.bill_day = cells.day AND spread.bill_names = cells.names AND spread.bill_named = cells.named
        GROUP BY cells.day, campaign, source, offer, country, device, placement, creative, facts, own_currency
    )
    ARRAY JOIN parts AS part
    GROUP BY ALL

    UNION ALL

    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        toString(if(isNull(conversions.payout), '', conversions.currency)) AS currency,
        0 AS came,
        countIf(status != 'rejected' AND NOT is_refund) AS happened,
        toDecimal128(0, 8) AS spent,
        ifNull(sumIf(payout, status = 'pending'), 0) AS open,
        ifNull(sumIf(payout, status = 'approved'), 0) AS granted,
        ifNull(sumIf(payout, status = 'rejected'), 0) AS refused
    FROM conversions FINAL
    WHERE NOT is_test AND NOT is_bot AND event != 'lander_click'
    GROUP BY ALL
    UNION ALL

    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        toString(cost_currency) AS currency,
        0 AS came,
        0 AS happened,
        toDecimal128(sum(assumeNotNull(conversions.cost)), 8) AS spent,
        toDecimal128(0, 8) AS open,
        toDecimal128(0, 8) AS granted,
        toDecimal128(0, 8) AS refused
    FROM conversions FINAL
    WHERE isNotNull(conversions.cost) AND status = 'approved' AND NOT is_test AND NOT is_bot
    GROUP BY ALL
)
GROUP BY day, campaign, source, offer, country, device, placement, creative, currency
COMMENT 'What clicks cost (bills included) and bring, by the day and the facts of the click; without tests and bots. Never add up amounts of two currencies.';
