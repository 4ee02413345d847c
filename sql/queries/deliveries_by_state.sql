-- How many source postbacks stand in which state: the state of each is its last step.
SELECT state, count() AS deliveries
FROM
(
    SELECT delivery_id, argMax(state, version) AS state
    FROM deliveries
    GROUP BY delivery_id
)
GROUP BY state
ORDER BY state
