-- Clicks and what they cost, by currency: their own cost or, where a bill (table `costs`) names them, a share of it.
-- A bill is spread evenly over the clicks that it names and that are neither robots nor tests, to the eighth place.
-- What is left over goes to the first of them by click ID, so that the shares add up to the bill. Bills add up too.
-- `sets` are the combinations of dimensions that bills of this time name: what no bill asks for is not read.
WITH
    (
        SELECT groupUniqArray(CAST(mapKeys(mapSort(dimensions)), 'Array(String)'))
        FROM costs FINAL
        WHERE (toInt64(day) + 1) * 86400000 > {since:Int64} AND toInt64(day) * 86400000 < {until:Int64}
    ) AS sets,
    arrayDistinct(arrayFlatten(sets)) AS billed_by,
    notEmpty(sets) AS billed,
    [${FACT_NAMES}] AS fact_names
SELECT
    ${GROUPS}
    told_in(part.1, rate_day) AS currency,
    sum(part.2) AS clicks,
    sum(part.3 * factor_of(part.1, rate_day)) AS amount,
    sum(part.4) AS amounts
FROM
(
    SELECT
        ${GROUPS}
        rate_day,
        arrayConcat(
            if(
                max(has_bill),
                [('', any(n), toDecimal256(0, 8), toUInt64(0))],
                [(own_currency, any(n), any(own), any(owns))]),
            groupArrayIf(
                (toString(bill_currency), toUInt64(0), each * n + if(first_click = first_of_bill, rest, 0), toUInt64(1)),
                has_bill AND NOT left_out)) AS parts
    FROM
    (
        SELECT *, names, arrayMap(name -> facts[indexOf(fact_names, name)], names) AS named
        FROM
        (
            ${CLICK_CELLS}
        )
        LEFT ARRAY JOIN sets AS names
    ) AS cells
    LEFT JOIN
    (
        SELECT
            day,
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
            WHERE (toInt64(day) + 1) * 86400000 > {since:Int64} AND toInt64(day) * 86400000 < {until:Int64}
        ) AS bills
        LEFT JOIN
        (
            SELECT
                bill_day,
                names,
                arrayMap(name -> facts[indexOf(fact_names, name)], names) AS named,
                sum(n) AS found,
                min(first_click) AS first
            FROM
            (
                SELECT
                    [${FACTS}] AS facts,
                    toDate(clicked_at) AS bill_day,
                    count() AS n,
                    min(click_id) AS first_click
                FROM clicks FINAL
                WHERE billed
                  AND toDate(clicked_at) IN
                  (
                      SELECT day FROM costs
                      WHERE (toInt64(day) + 1) * 86400000 > {since:Int64} AND toInt64(day) * 86400000 < {until:Int64}
                  )
                  AND NOT is_test
                  AND NOT is_bot
                GROUP BY ALL
            )
            ARRAY JOIN sets AS names
            GROUP BY bill_day, names, named
        ) AS base ON base.bill_day = bills.day AND base.names = bills.names AND base.named = bills.named
    ) AS spread ON spread.day = cells.bill_day AND spread.bill_names = cells.names AND spread.bill_named = cells.named
    GROUP BY ${GROUPS} facts, own_currency, rate_day, bill_day, left_out
)
ARRAY JOIN parts AS part
GROUP BY ${GROUPS} currency
