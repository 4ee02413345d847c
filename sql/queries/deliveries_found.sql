-- The last step of each source postback that matches, the newest first. An empty parameter asks for nothing.
SELECT
    delivery_id,
    destination,
    event,
    click_id,
    last_step.1 AS state,
    last_step.2 AS attempt,
    last_step.3 AS code,
    last_step.4 AS reason,
    last_step.5 AS attempted_at,
    last_step.6 AS next_attempt_at,
    last_step.7 AS url,
    last_version AS version
FROM
(
    SELECT
        delivery_id,
        any(step.destination) AS destination,
        any(step.event) AS event,
        any(step.click_id) AS click_id,
        argMax(tuple(state, attempt, code, reason, attempted_at, next_attempt_at, url), version) AS last_step,
        max(version) AS last_version
    FROM deliveries AS step
    WHERE step.attempted_at >= fromUnixTimestamp64Milli({since:Int64}) -- as the last step has to be
        AND (empty({ids:Array(String)}) OR step.delivery_id IN {ids:Array(String)})
        AND ({destination:String} = '' OR step.destination = {destination:String})
        AND ({event:String} = '' OR step.event = {event:String})
        AND ({click_id:String} = '' OR step.click_id = {click_id:String})
    GROUP BY delivery_id
)
WHERE (empty({states:Array(String)}) OR state IN {states:Array(String)})
    AND (empty({codes:Array(UInt16)}) OR code IN {codes:Array(UInt16)})
    AND attempted_at < fromUnixTimestamp64Milli({until:Int64})
ORDER BY attempted_at DESC, delivery_id
LIMIT {most:UInt32}
