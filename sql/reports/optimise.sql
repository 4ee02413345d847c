-- What was spent on each group, what it brought, and how likely it loses money.
-- What a click of a group is worth is not known, only what its clicks brought: paying clicks come at an unknown rate, each
-- worth about the same, `unit`. Of the rate a Gamma distribution is known: so many paying clicks (`shape`), of so many
-- clicks. Where amounts differ, paying clicks count as (sum)² / (sum of squares). All groups of the answer together are
-- the prior, with the weight of one paying click. A group loses money where a click is worth less than it costs. Quantiles
-- are Wilson and Hilferty's: right to a hundredth. No verdict has a group that has amounts in several currencies.
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded,
    spread -> pow(greatest(1 - 1 / (9 * shape) + spread / (3 * sqrt(shape)), 0), 3) AS times_worth
SELECT
    ${GROUPS}
    currency,
    clicks,
    mapFromArrays({events:Array(String)}, arrayMap(event -> reached[event], {events:Array(String)})) AS steps,
    rounded(spent) AS cost,
    rounded(paid) AS payout,
    rounded(paid - spent) AS profit,
    if(is_told, rounded(toDecimal256(clicks * worth * times_worth(-1.6448536), 12) - spent), NULL) AS profit_low,
    if(is_told, rounded(toDecimal256(clicks * worth * times_worth(1.6448536), 12) - spent), NULL) AS profit_high,
    loss_probability,
    multiIf(
        isNull(loss_probability), 'watch',
        loss_probability >= {cut:Float64}, 'cut',
        loss_probability <= {keep:Float64}, 'keep',
        'watch') AS verdict
FROM
(
    SELECT
        *,
        3 * sqrt(shape) * (cbrt(toFloat64(spent) / clicks / worth) - 1 + 1 / (9 * shape)) AS spreads,
        if(is_told, round(erfc(-spreads / sqrt(2)) / 2, 4), NULL) AS loss_probability
    FROM
    (
        SELECT
            *,
            1 + if(has_paid, toFloat64(paid) / unit, 0) AS shape,
            (if(has_paid, toFloat64(paid), 0) + unit) / (clicks + unit / (toFloat64(all_paid) / all_clicks)) AS worth,
            clicks > 0 AND spent > 0 AND currencies < 2 AND all_paid > 0 AND all_squares > 0 AS is_told
        FROM
        (
            SELECT
                *,
                paid > 0 AND paid_squares > 0 AS has_paid,
                if(has_paid, paid_squares / toFloat64(paid), all_squares / toFloat64(all_paid)) AS unit
            FROM
            (
                SELECT
                    ${GROUPS}
                    currency,
                    sum(sum(seen)) OVER (PARTITION BY ${GROUPS} 1) AS clicks,
                    sumMap(sumMap(came)) OVER (PARTITION BY ${GROUPS} 1) AS reached,
                    sum(c) AS spent,
                    sum(p) AS paid,
                    sum(p2) AS paid_squares,
                    sum(sum(seen)) OVER () AS all_clicks,
                    sum(sum(p)) OVER (PARTITION BY currency) AS all_paid,
                    sum(sum(p2)) OVER (PARTITION BY currency) AS all_squares,
                    sum(amounts) AS priced,
                    sum(sum(amounts)) OVER (PARTITION BY ${GROUPS} 1) AS priced_at_all,
                    sum(toUInt8(sum(amounts) > 0)) OVER (PARTITION BY ${GROUPS} 1) AS currencies
                FROM
                (
                    SELECT
                        ${GROUPS}
                        currency,
                        clicks AS seen,
                        CAST(map(), 'Map(String, UInt64)') AS came,
                        amount AS c,
                        toDecimal256(0, 28) AS p,
                        toFloat64(0) AS p2,
                        amounts
                    FROM
                    (
                        ${CLICK_COSTS}
                    )

                    UNION ALL

                    SELECT
                        ${GROUPS}
                        currency,
                        0 AS seen,
                        CAST(map(), 'Map(String, UInt64)') AS came,
                        toDecimal256(0, 28) AS c,
                        sum(brought) AS p,
                        sum(pow(toFloat64(brought), 2)) AS p2,
                        count() AS amounts
                    FROM
                    (
                        WITH toTimeZone(clicked_at, {zone:String}) AS at
                        SELECT
                            ${DIMENSIONS}
                            click_id,
                            told_in(conversions.currency, toDate(occurred_at)) AS currency,
                            sum(assumeNotNull(payout) * factor_of(conversions.currency, toDate(occurred_at))) AS brought
                        FROM conversions FINAL
                        WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                          AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
                          AND isNotNull(payout)
                          AND event IN {events:Array(String)}
                          AND status IN {statuses:Array(String)}
                          AND (NOT is_test OR {tests:Bool})${FILTERS}
                          AND (NOT is_bot OR {bots:Bool})
                        GROUP BY ALL
                    )
                    GROUP BY ${GROUPS} currency

                    UNION ALL

                    SELECT
                        ${GROUPS}
                        currency,
                        0 AS seen,
                        CAST(map(), 'Map(String, UInt64)') AS came,
                        charged AS c,
                        toDecimal256(0, 28) AS p,
                        toFloat64(0) AS p2,
                        count_of AS amounts
                    FROM
                    (
                        WITH toTimeZone(clicked_at, {zone:String}) AS at
                        SELECT
                            ${DIMENSIONS}
                            told_in(cost_currency, toDate(occurred_at)) AS currency,
                            sum(assumeNotNull(conversions.cost) * factor_of(cost_currency, toDate(occurred_at))) AS charged,
                            count() AS count_of
                        FROM conversions FINAL
                        WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                          AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
                          AND isNotNull(conversions.cost)
                          AND status = 'approved'
                          AND (NOT is_test OR {tests:Bool})${FILTERS}
                          AND (NOT is_bot OR {bots:Bool})
                        GROUP BY ALL
                    )

                    UNION ALL

                    SELECT
                        ${GROUPS}
                        '' AS currency,
                        0 AS seen,
                        map(event, came_here) AS came,
                        toDecimal256(0, 28) AS c,
                        toDecimal256(0, 28) AS p,
                        toFloat64(0) AS p2,
                        0 AS amounts
                    FROM
                    (
                        WITH toTimeZone(clicked_at, {zone:String}) AS at
                        SELECT
                            ${DIMENSIONS}
                            toString(conversions.event) AS event,
                            uniqExact(click_hash) AS came_here
                        FROM conversions FINAL
                        WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                          AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
                          AND NOT is_refund
                          AND event IN {events:Array(String)}
                          AND status IN {statuses:Array(String)}
                          AND (NOT is_test OR {tests:Bool})${FILTERS}
                          AND (NOT is_bot OR {bots:Bool})
                        GROUP BY ALL
                    )
                )
                GROUP BY ${GROUPS} currency
            )
        )
    )
)
WHERE priced > 0 OR priced_at_all = 0
ORDER BY spent DESC, clicks DESC, ${GROUPS} currency
