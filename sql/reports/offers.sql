-- What a click is worth at each offer, to everybody who could have been sent there. Who was sent there was chosen with a
-- known probability, so each click stands for 1 / probability of them (inverse propensity, normalised by its own sum). The
-- interval is one of 95 in 100, from the spread of what the clicks brought. Only clicks whose choice is recorded count.
WITH
    ${RATES}
    amount -> toDecimal128(round(toDecimal128(amount, 12), {decimals:UInt8} + 2), {decimals:UInt8} + 2) AS finely,
    weighed / weights AS mean,
    squares - 2 * mean * leaning + mean * mean * weights2 AS spread,
    1.96 * sqrt(if(spread > squares * 1e-12, spread, 0)) / weights AS off  -- below, it is the rounding of the sums
SELECT
    ${GROUPS}
    candidate AS offer,
    currency,
    clicks,
    could,
    if(weights = 0, NULL, round(weights * weights / weights2, 1)) AS effective_clicks,
    if(clicks = 0, NULL, finely(paid / clicks)) AS epc_as_sent,
    if(weights = 0, NULL, finely(mean)) AS epc_for_all,
    if(weights = 0, NULL, finely(mean - off)) AS epc_low,
    if(weights = 0, NULL, finely(mean + off)) AS epc_high
FROM
(
    SELECT
        ${GROUPS}
        candidate,
        tupleElement(amount, 1) AS currency,
        sum(sum(is_click AND is_chosen)) OVER (PARTITION BY ${GROUPS} candidate) AS clicks,
        sum(sum(is_click)) OVER (PARTITION BY ${GROUPS} candidate) AS could,
        sum(sum(if(is_click, weight, 0))) OVER (PARTITION BY ${GROUPS} candidate) AS weights,
        sum(sum(if(is_click, weight * weight, 0))) OVER (PARTITION BY ${GROUPS} candidate) AS weights2,
        countIf(NOT is_click) AS priced,
        sum(countIf(NOT is_click)) OVER (PARTITION BY ${GROUPS} candidate) AS priced_at_all,
        sum(tupleElement(amount, 2)) AS paid,
        sum(weight * tupleElement(amount, 2)) AS weighed,
        sum(weight * weight * tupleElement(amount, 2)) AS leaning,
        sum(weight * weight * pow(tupleElement(amount, 2), 2)) AS squares
    FROM
    (
        SELECT
            ${GROUPS}
            arrayJoin(mapKeys(candidates)) AS candidate,
            candidate = sent_to AS is_chosen,
            if(is_chosen, 1 / probability, 0) AS weight,
            arrayJoin(arrayConcat([('', 0.)], if(is_chosen, amounts, []))) AS amount,
            tupleElement(amount, 1) = '' AS is_click
        FROM
        (
            WITH toTimeZone(clicked_at, {zone:String}) AS at
            SELECT
                ${DIMENSIONS}
                click_id,
                offer AS sent_to,
                assumeNotNull(probability) AS probability,
                candidates
            FROM clicks FINAL
            WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
              AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
              AND isNotNull(clicks.probability)
              AND notEmpty(candidates)
              AND (NOT is_test OR {tests:Bool})${FILTERS}
              AND (NOT is_bot OR {bots:Bool})
        ) AS seen
        LEFT JOIN
        (
            SELECT click_id, groupArray((currency, paid)) AS amounts
            FROM
            (
                SELECT
                    click_id,
                    told_in(conversions.currency, toDate(occurred_at)) AS currency,
                    toFloat64(sum(payout * factor_of(conversions.currency, toDate(occurred_at)))) AS paid
                FROM conversions FINAL
                WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                  AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
                  AND isNotNull(payout)
                  AND status IN {statuses:Array(String)}
                  AND (empty({events:Array(String)}) OR event IN {events:Array(String)})
                  AND (NOT is_test OR {tests:Bool})
                GROUP BY click_id, currency
            )
            GROUP BY click_id
        ) AS brought USING (click_id)
    )
    GROUP BY ${GROUPS} candidate, currency
)
WHERE priced > 0 OR priced_at_all = 0
ORDER BY ${GROUPS} currency, mean DESC, offer
