-- How many source postbacks of each destination stand in which state, by their last step.
SELECT destination, state, count() AS deliveries
FROM
(
    SELECT delivery_id, any(step.destination) AS destination, argMax(step.state, version) AS state
    FROM deliveries AS step
    WHERE attempted_at >= fromUnixTimestamp64Milli({since:Int64})
    GROUP BY delivery_id
)
GROUP BY destination, state
ORDER BY destination, state
