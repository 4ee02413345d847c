-- How long after the click an event happens: of each click and event the first conversion that has a wanted status and
-- is no refund. The quantiles are moments that were measured (none is made up between two); those that the network
-- says were before the click are counted and left out.
SELECT
    ${GROUPS}
    event,
    count() AS clicks,
    countIf(ms < 0) AS before_click,
    if(clicks = before_click, NULL, quantileExactIf(0.1)(ms, ms >= 0) / 1000) AS seconds_p10,
    if(clicks = before_click, NULL, quantileExactIf(0.5)(ms, ms >= 0) / 1000) AS seconds_p50,
    if(clicks = before_click, NULL, quantileExactIf(0.9)(ms, ms >= 0) / 1000) AS seconds_p90,
    if(clicks = before_click, NULL, quantileExactIf(0.99)(ms, ms >= 0) / 1000) AS seconds_p99
FROM
(
    WITH
        if({by:String} = 'click', clicked_at, occurred_at) AS dated,
        toTimeZone(dated, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        event,
        toUnixTimestamp64Milli(occurred_at) - toUnixTimestamp64Milli(clicked_at) AS ms
    FROM
    (
        SELECT *
        FROM conversions FINAL
        WHERE ({by:String} = 'conversion'
               OR (clicked_at >= fromUnixTimestamp64Milli({since:Int64})
                   AND clicked_at < fromUnixTimestamp64Milli({until:Int64})))
          AND event IN {events:Array(String)}
          AND status IN {statuses:Array(String)}
          AND NOT is_refund
          AND (NOT is_test OR {tests:Bool})${FILTERS}
          AND (NOT is_bot OR {bots:Bool})
        ORDER BY occurred_at, conversion_id
        LIMIT 1 BY click_id, event
    )
    WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
      AND dated < fromUnixTimestamp64Milli({until:Int64})
)
GROUP BY ALL
ORDER BY ${GROUPS} indexOf({events:Array(String)}, event)
