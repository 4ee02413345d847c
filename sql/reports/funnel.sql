-- How many clicks reached each step, of all clicks and of those that reached the step before.
-- A click reaches a step by a conversion of its event that has a wanted status and is no refund: in any order, or
-- (strict) by one that is not older than the one that reached the step before, the first not older than the click.
-- Money is by currency: of the step `click` the cost, of the others what was approved of the wanted, refunds taken off,
-- whatever the order.
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded
SELECT
    ${GROUPS}${AMONG}
    step,
    if(step = 0, 'click', {events:Array(String)}[step]) AS event,
    found[step].1 AS clicks,
    found[step].2 AS conversions,
    if(found[0].1 = 0, NULL, found[step].1 / found[0].1) AS rate,
    if(step = 0 OR found[step - 1].1 = 0, NULL, found[step].1 / found[step - 1].1) AS step_rate,
    mapApply((currency, amount) -> (currency, rounded(amount)), found[step].3) AS money
FROM
(
    SELECT
        ${GROUPS}${COUNTED}
        mapFromArrays(groupArray(step), groupArray((clicks, conversions, money))) AS found
    FROM
    (
        SELECT
            ${GROUPS}
            toUInt16(0) AS step,
            sum(clicks) AS clicks,
            clicks AS conversions,
            mapSort(CAST(groupArrayIf((toString(currency), amount), amounts > 0), 'Map(String, Decimal(76, 28))')) AS money
        FROM
        (
            ${CLICK_COSTS}
        )
        GROUP BY ${GROUPS} step

        UNION ALL

        SELECT
            ${GROUPS}
            step,
            uniqExactMerge(reached) AS clicks,
            sum(times) AS conversions,
            mapSort(CAST(groupArrayIf((toString(currency), amount), amounts > 0), 'Map(String, Decimal(76, 28))')) AS money
        FROM
        (
            WITH
                if({by:String} = 'click', clicked_at, occurred_at) AS dated,
                toTimeZone(dated, {zone:String}) AS at,
                NOT is_refund
                ${STRICT}
                AS counts,
                status = 'approved' AND isNotNull(payout) AS pays
            SELECT
                ${DIMENSIONS}
                toUInt16(indexOf({events:Array(String)}, event)) AS step,
                told_in(if(pays, conversions.currency, ''), toDate(occurred_at)) AS currency,
                uniqExactStateIf(click_id, counts) AS reached,
                countIf(counts) AS times,
                sumIf(assumeNotNull(payout) * factor_of(conversions.currency, toDate(occurred_at)), pays) AS amount,
                countIf(pays) AS amounts
            FROM conversions FINAL
            WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
              AND dated < fromUnixTimestamp64Milli({until:Int64})
              AND event IN {events:Array(String)}
              AND status IN {statuses:Array(String)}
              AND (NOT is_test OR {tests:Bool})${FILTERS}
              AND (NOT is_bot OR {bots:Bool})
              AND (counts OR pays)
            GROUP BY ALL
        )
        GROUP BY ${GROUPS} step
    )
    GROUP BY ALL
    ${CUT}
)
ARRAY JOIN range(toUInt16(0), toUInt16(length({events:Array(String)}) + 1)) AS step
ORDER BY found[0].1 DESC, ${GROUPS} step
