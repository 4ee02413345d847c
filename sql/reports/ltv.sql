-- What a click, or by conversion a customer, has brought so many days later, a row for each currency. Days count from
-- the click or, by conversion, from the first conversion of the click that is no refund. For each number of days only
-- those count that are so old by now. Payout is of the wanted statuses, refunds taken off; rounded once, at the end.
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded,
    amount -> toDecimal128(round(amount, {decimals:UInt8} + 2), {decimals:UInt8} + 2) AS finely
SELECT
    ${GROUPS}
    currency,
    days,
    clicks,
    rounded(paid) AS payout,
    if(clicks = 0, NULL, finely(divideDecimal(paid, toDecimal128(clicks, 0), 20))) AS ltv
FROM
(
    SELECT
        ${GROUPS}
        days,
        currency,
        sum(sum(seen)) OVER (PARTITION BY ${GROUPS} days) AS clicks,
        sum(amount) AS paid,
        sum(amounts) AS priced,
        sum(sum(amounts)) OVER (PARTITION BY ${GROUPS} days) AS priced_at_all
    FROM
    (
        SELECT
            ${GROUPS}
            days,
            '' AS currency,
            came AS seen,
            toDecimal128(0, 8) AS amount,
            0 AS amounts
        FROM
        (
            WITH toTimeZone(clicked_at, {zone:String}) AS at
            SELECT
                ${DIMENSIONS}
                arrayResize(sumForEach(arrayMap(
                    age -> toUInt64(toUnixTimestamp64Milli(clicked_at) + age * 86400000 <= {now:Int64}),
                    {days:Array(UInt16)})), length({days:Array(UInt16)})) AS of_age
            FROM clicks FINAL
            WHERE {by:String} = 'click'
              AND clicked_at >= fromUnixTimestamp64Milli({since:Int64})
              AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
              AND (NOT is_test OR {tests:Bool})${FILTERS}
              AND (NOT is_bot OR {bots:Bool})
            GROUP BY ALL
        )
        ARRAY JOIN {days:Array(UInt16)} AS days, of_age AS came
        WHERE came > 0

        UNION ALL

        WITH
            if({by:String} = 'click', clicked_at, first_at) AS dated,
            toTimeZone(dated, {zone:String}) AS at,
            toUnixTimestamp64Milli(occurred_at) < toUnixTimestamp64Milli(dated) + days * 86400000 AS in_time
        SELECT
            ${DIMENSIONS}
            days,
            told_in(if(isNotNull(found.payout) AND in_time, found.currency, ''), toDate(found.occurred_at)) AS currency,
            countIf({by:String} = 'conversion' AND is_first) AS seen,
            ifNull(sumIf(found.payout, in_time), 0) * factor_of(found.currency, toDate(found.occurred_at)) AS amount,
            countIf(found.payout, in_time) AS amounts
        FROM
        (
            SELECT
                *,
                min(if(is_refund, NULL, occurred_at)) OVER (PARTITION BY click_id) AS first_or_null,
                assumeNotNull(first_or_null) AS first_at,
                NOT is_refund AND row_number() OVER (
                    PARTITION BY click_id ORDER BY is_refund, occurred_at, conversion_id) = 1 AS is_first
            FROM conversions FINAL
            WHERE ({by:String} = 'conversion'
                   OR (clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                       AND clicked_at < fromUnixTimestamp64Milli({until:Int64})))
              AND if(empty({events:Array(String)}), event != 'lander_click', event IN {events:Array(String)})
              AND status IN {statuses:Array(String)}
              AND (NOT is_test OR {tests:Bool})${FILTERS}
              AND (NOT is_bot OR {bots:Bool})
        ) AS found
        ARRAY JOIN {days:Array(UInt16)} AS days
        WHERE ({by:String} = 'click' OR isNotNull(first_or_null))
          AND dated >= fromUnixTimestamp64Milli({since:Int64})
          AND dated < fromUnixTimestamp64Milli({until:Int64})
          AND toUnixTimestamp64Milli(dated) + days * 86400000 <= {now:Int64}
        GROUP BY ALL
    )
    GROUP BY ${GROUPS} days, currency
)
WHERE priced > 0 OR priced_at_all = 0
ORDER BY ${GROUPS} currency, days
