-- How fast we are, in milliseconds, by when it began:
-- `decided`: from the receipt of a postback to its outcome (the wait for its click is in it; those that still wait are not)
-- `told`:    from the decision to tell a source to the answer that it has it
-- `answer`:  of one call of a source, from the call to the answer (or to giving up)
SELECT
    ${GROUPS}
    stage,
    count() AS times,
    quantileExact(0.5)(ms) AS ms_p50,
    quantileExact(0.9)(ms) AS ms_p90,
    quantileExact(0.99)(ms) AS ms_p99,
    max(ms) AS ms_max
FROM
(
    WITH toTimeZone(received_at, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        'decided' AS stage,
        toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(received_at) AS ms
    FROM postbacks FINAL
    WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
      AND received_at < fromUnixTimestamp64Milli({until:Int64})
      AND outcome != 'waiting'
      AND (empty({events:Array(String)}) OR event IN {events:Array(String)})
      AND (NOT is_test OR {tests:Bool})${FILTERS}

    UNION ALL

    WITH toTimeZone(began_at, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        'told' AS stage,
        toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(began_at) AS ms
    FROM
    (
        SELECT
            delivery_id,
            any(step.source) AS source,
            any(step.event) AS event,
            minIf(attempted_at, attempt = 0) AS began_at,
            maxIf(attempted_at, state = 'delivered') AS ended_at
        FROM
        (
            SELECT delivery_id, source, event, attempt, state, attempted_at
            FROM deliveries FINAL
            WHERE attempted_at >= fromUnixTimestamp64Milli({since:Int64})
              AND (attempt = 0 OR state = 'delivered')
              AND (empty({events:Array(String)}) OR event IN {events:Array(String)})

            UNION ALL

            -- What began before this time and went on in it before its first attempt: two such steps differ in their state,
            -- so one of them is not `scheduled`, and of those there are few. What is `not_sendable` ends so.
            SELECT delivery_id, source, event, attempt, state, attempted_at
            FROM deliveries FINAL
            WHERE attempted_at < fromUnixTimestamp64Milli({since:Int64})
              AND attempt = 0
              AND (id_day, click_id, delivery_id) GLOBAL IN
              (
                  SELECT id_day, click_id, delivery_id
                  FROM deliveries
                  WHERE attempt = 0
                    AND state NOT IN ('scheduled', 'not_sendable')
              )
        ) AS step
        GROUP BY delivery_id
        HAVING countIf(attempt = 0) > 0 AND countIf(state = 'delivered') > 0
    )
    WHERE began_at >= fromUnixTimestamp64Milli({since:Int64})
      AND began_at < fromUnixTimestamp64Milli({until:Int64})${FILTERS}

    UNION ALL

    WITH toTimeZone(attempted_at, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        'answer' AS stage,
        toInt64(took_ms) AS ms
    FROM deliveries FINAL
    WHERE attempted_at >= fromUnixTimestamp64Milli({since:Int64})
      AND attempted_at < fromUnixTimestamp64Milli({until:Int64})
      AND attempt > 0${FILTERS}
      AND (empty({events:Array(String)}) OR event IN {events:Array(String)})
      AND state IN ('delivered', 'retry', 'failed')
)
GROUP BY ALL
ORDER BY ${GROUPS} indexOf(['decided', 'told', 'answer'], stage)
