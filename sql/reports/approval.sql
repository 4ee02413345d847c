-- How much of what a network reports it approves, and how long it takes: from the first postback of a conversion to the
-- last change of its status or amount. The rate is of what is decided; refunds are no conversions here.
SELECT
    ${GROUPS}
    count() AS conversions,
    countIf(status = 'pending') AS pending,
    countIf(status = 'approved') AS approved,
    countIf(status = 'rejected') AS rejected,
    if(approved + rejected = 0, NULL, approved / (approved + rejected)) AS approval_rate,
    countIf(status != 'pending' AND ms = 0) AS decided_at_once,
    if(approved + rejected = 0, NULL, quantileExactIf(0.5)(ms, status != 'pending') / 1000) AS seconds_p50,
    if(approved + rejected = 0, NULL, quantileExactIf(0.9)(ms, status != 'pending') / 1000) AS seconds_p90
FROM
(
    WITH
        if({by:String} = 'click', clicked_at, occurred_at) AS dated,
        toTimeZone(dated, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        status,
        toUnixTimestamp64Milli(status_received_at) - toUnixTimestamp64Milli(received_at) AS ms
    FROM conversions FINAL
    WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
      AND dated < fromUnixTimestamp64Milli({until:Int64})
      AND if(empty({events:Array(String)}), event != 'lander_click', event IN {events:Array(String)})
      AND status IN {statuses:Array(String)}
      AND NOT is_refund
      AND (NOT is_test OR {tests:Bool})${FILTERS}
      AND (NOT is_bot OR {bots:Bool})
)
GROUP BY ALL
ORDER BY ${GROUPS} conversions
