-- How many stay: the clicks of a week that subscribed (by the first of the events), and how many of them renewed (by any
-- of the events) in each period since. A renewal counts in the period that it is nearest to. A period is shown once
-- every subscriber of the week has lived through it. Weeks begin on Monday; they are those of the click or, by
-- conversion, of the first subscription. Refunds renew nothing.
SELECT
    ${GROUPS}
    cohort,
    number AS period,
    count() AS subscribers,
    countIf(has(renewed, number)) AS retained,
    retained / subscribers AS rate
FROM
(
    SELECT
        *,
        {now:Int64} - max(first) OVER (PARTITION BY ${GROUPS} cohort) AS lived
    FROM
    (
        WITH
            if({by:String} = 'click', clicked_at, occurred_at) AS dated,
            toTimeZone(dated, {zone:String}) AS at
        SELECT
            ${DIMENSIONS}
            dated,
            toMonday(at) AS cohort,
            toUnixTimestamp64Milli(occurred_at) AS first,
            arrayMap(one -> intDiv(one - first + intDiv({period:Int64}, 2), {period:Int64}), moments) AS renewed
        FROM
        (
            SELECT
                *,
                groupArray(toUnixTimestamp64Milli(occurred_at)) OVER (PARTITION BY click_id) AS moments
            FROM conversions FINAL
            WHERE ({by:String} = 'conversion'
                   OR (clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                       AND clicked_at < fromUnixTimestamp64Milli({until:Int64})))
              AND event IN {events:Array(String)}
              AND status IN {statuses:Array(String)}
              AND NOT is_refund
              AND (NOT is_test OR {tests:Bool})${FILTERS}
              AND (NOT is_bot OR {bots:Bool})
        )
        WHERE event = {events:Array(String)}[1]
        ORDER BY occurred_at, conversion_id
        LIMIT 1 BY click_id
    )
    WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
      AND dated < fromUnixTimestamp64Milli({until:Int64})
)
ARRAY JOIN range(toInt64(0), least(120, greatest(1, intDiv(lived + intDiv({period:Int64}, 2), {period:Int64})))) AS number
GROUP BY ALL
ORDER BY ${GROUPS} cohort, period
