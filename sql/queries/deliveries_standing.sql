-- How many source postbacks to each destination stand in which state, and since when the oldest of them is there: the
-- state of each is its last step, and it is there since its first.
SELECT destination, state, count() AS deliveries, min(since) AS oldest
FROM
(
    SELECT delivery_id, any(destination) AS destination, argMax(state, version) AS state, min(attempted_at) AS since
    FROM deliveries
    GROUP BY delivery_id
)
GROUP BY destination, state
ORDER BY destination, state
