-- What clicks and their events cost and bring, a row for each currency: amounts of two currencies are never added up. What a
-- source charges for an event (`cpa`) is spent where that is approved, whichever events and statuses are wanted. Clicks and
-- conversions are those of the group, whatever their currency. `payout` is of the wanted statuses, refunds taken off.
-- Sums are exact. Each figure is rounded once, at the end, half away from zero; what is for one click or conversion,
-- and the ROI, to two places more than the sums.
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded,
    amount -> toDecimal128(round(amount, {decimals:UInt8} + 2), {decimals:UInt8} + 2) AS finely,
    paid - spent AS gained
SELECT
    ${GROUPS}
    currency,
    clicks,
    conversions,
    rounded(spent) AS cost,
    rounded(open) AS pending,
    rounded(granted) AS approved,
    rounded(refused) AS rejected,
    rounded(paid) AS payout,
    rounded(gained) AS profit,
    if(spent = 0, NULL, finely(divideDecimal(gained, spent, 20))) AS roi,
    if(clicks = 0, NULL, finely(divideDecimal(paid, toDecimal128(clicks, 0), 20))) AS epc,
    if(conversions = 0, NULL, finely(divideDecimal(spent, toDecimal128(conversions, 0), 20))) AS cpa
FROM
(
    SELECT
        ${GROUPS}
        currency,
        sum(sum(seen)) OVER (PARTITION BY ${GROUPS} 1) AS clicks,
        sum(sum(happened)) OVER (PARTITION BY ${GROUPS} 1) AS conversions,
        sum(c) AS spent,
        sum(p) AS open,
        sum(a) AS granted,
        sum(r) AS refused,
        sum(w) AS paid,
        sum(amounts) AS priced,
        sum(sum(amounts)) OVER (PARTITION BY ${GROUPS} 1) AS priced_at_all
    FROM
    (
        SELECT
            ${GROUPS}
            currency,
            clicks AS seen,
            0 AS happened,
            amount AS c,
            toDecimal128(0, 8) AS p,
            toDecimal128(0, 8) AS a,
            toDecimal128(0, 8) AS r,
            toDecimal128(0, 8) AS w,
            amounts
        FROM
        (
            ${CLICK_COSTS}
        )

        UNION ALL

        WITH
            if({by:String} = 'click', clicked_at, occurred_at) AS dated,
            toTimeZone(dated, {zone:String}) AS at,
            ifNull(conversions.payout, 0) AS amount,
            factor_of(conversions.currency, toDate(occurred_at)) AS factor
        SELECT
            ${DIMENSIONS}
            told_in(if(isNull(conversions.payout), '', conversions.currency), toDate(occurred_at)) AS currency,
            0 AS seen,
            countIf(status IN {statuses:Array(String)} AND NOT is_refund) AS happened,
            toDecimal128(0, 8) AS c,
            sumIf(amount, status = 'pending') * factor AS p,
            sumIf(amount, status = 'approved') * factor AS a,
            sumIf(amount, status = 'rejected') * factor AS r,
            sumIf(amount, status IN {statuses:Array(String)}) * factor AS w,
            count(conversions.payout) AS amounts
        FROM conversions FINAL
        WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
          AND dated < fromUnixTimestamp64Milli({until:Int64})
          AND if(empty({events:Array(String)}), event != 'lander_click', event IN {events:Array(String)})
          AND (NOT is_test OR {tests:Bool})${FILTERS}
          AND (NOT is_bot OR {bots:Bool})
        GROUP BY ALL

        UNION ALL

        WITH
            if({by:String} = 'click', clicked_at, occurred_at) AS dated,
            toTimeZone(dated, {zone:String}) AS at
        SELECT
            ${DIMENSIONS}
            told_in(cost_currency, toDate(occurred_at)) AS currency,
            0 AS seen,
            0 AS happened,
            sum(assumeNotNull(conversions.cost) * factor_of(cost_currency, toDate(occurred_at))) AS c,
            toDecimal128(0, 8) AS p,
            toDecimal128(0, 8) AS a,
            toDecimal128(0, 8) AS r,
            toDecimal128(0, 8) AS w,
            count() AS amounts
        FROM conversions FINAL
        WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
          AND dated < fromUnixTimestamp64Milli({until:Int64})
          AND isNotNull(conversions.cost)
          AND status = 'approved'
          AND (NOT is_test OR {tests:Bool})${FILTERS}
          AND (NOT is_bot OR {bots:Bool})
        GROUP BY ALL
    )
    GROUP BY ${GROUPS} currency
)
WHERE priced > 0 OR priced_at_all = 0
ORDER BY clicks DESC, ${GROUPS} currency
