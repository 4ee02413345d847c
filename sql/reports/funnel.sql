-- How many clicks reached each step, of all clicks and of those that reached the step before.
-- A click reaches a step by a conversion of its event that has a wanted status and is no refund: in any order, or
-- (strict) by one that is not older than the one that reached the step before, the first not older than the click.
-- Money is by currency: of the step `click` the cost, of the others what was approved of the wanted, refunds taken off,
-- whatever the order.
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded
SELECT
    ${GROUPS}${PAGE}
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
        ${GROUPS}${PAGE}
        mapFromArrays(groupArray(step), groupArray((clicks, conversions, money))) AS found
    FROM
    (
        SELECT
            ${GROUPS}${PAGE}
            step,
            sum(came) + sumIf(finalizeAggregation(reached), NOT several) + uniqExactMergeIf(reached, several) AS clicks,
            sum(times) AS conversions,
            mapSort(CAST(groupArrayIf((toString(currency), amount), amounts > 0), 'Map(String, Decimal(76, 28))')) AS money
        FROM
        (
            ${REACHED}
        )
        GROUP BY ${GROUPS}${PAGE} step
    )
    GROUP BY ALL
)
ARRAY JOIN range(toUInt16(0), toUInt16(length({events:Array(String)}) + 1)) AS step
ORDER BY ${WHOLE_FIRST}found[0].1 DESC, ${GROUPS} step
