-- What becomes of the postbacks that arrive, by when they were received: every outcome with its reason, and what could
-- not be used at all (`invalid`, with its code as the reason; what was replayed since counts by its outcome). The share
-- is of all that arrived in the group.
SELECT
    ${GROUPS}
    outcome,
    reason,
    sum(received) AS postbacks,
    postbacks / sum(postbacks) OVER (PARTITION BY ${GROUPS} 1) AS share
FROM
(
    WITH toTimeZone(received_at, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        outcome,
        reason,
        count() AS received
    FROM postbacks FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
      AND received_at < fromUnixTimestamp64Milli({until:Int64})
      AND if(empty({events:Array(String)}), event != 'lander_click', event IN {events:Array(String)})
      AND (NOT is_test OR {tests:Bool})${FILTERS}
    GROUP BY ALL

    UNION ALL

    WITH toTimeZone(received_at, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        'invalid' AS outcome,
        code AS reason,
        count() AS received
    FROM (SELECT *, '' AS event, '' AS campaign, '' AS offer, '' AS partner FROM invalid FINAL)
    WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
      AND received_at < fromUnixTimestamp64Milli({until:Int64})
      AND kind = 'postback'
      AND code != 'replayed'${FILTERS}
      AND empty({events:Array(String)})
    GROUP BY ALL
)
GROUP BY ${GROUPS} outcome, reason
ORDER BY ${GROUPS} postbacks DESC, outcome, reason
