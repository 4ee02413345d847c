-- What each group, or all of them together (`whole`), came to: of clicks, which are step 0, and of each step. Only where a
-- step was paid in several currencies (`several`) are clicks that came by two of them looked for: it costs much.
SELECT
    ${GROUPS}${IS_WHOLE}
    toUInt16(0) AS step,
    currency,
    sum(clicks) AS came,
    arrayReduce('uniqExactState', CAST([], 'Array(UInt128)')) AS reached,
    false AS several,
    sum(clicks) AS times,
    sum(amount) AS amount,
    sum(amounts) AS amounts
FROM
(
    ${CLICK_COSTS}
)
GROUP BY ${SETS}

UNION ALL

SELECT
    ${GROUPS}${WHOLE}
    toUInt16(indexOf({events:Array(String)}, event)) AS step,
    currency,
    0 AS came,
    reached,
    count() OVER (PARTITION BY ${GROUPS}${WHOLE} event) > 1 AS several,
    times,
    amount,
    amounts
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
        ${DIMENSIONS}${IS_WHOLE}
        event,
        told_in(conversions.currency, toDate(occurred_at)) AS currency,
        uniqExactStateIf(click_hash, counts) AS reached,
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
    GROUP BY ${EVENT_SETS}
    HAVING times + amounts > 0
)
