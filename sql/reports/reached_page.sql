-- Those with the most clicks, and all of them together.
SELECT *, max(place) OVER (PARTITION BY whole) AS among
FROM
(
    SELECT *, dense_rank() OVER (PARTITION BY whole ORDER BY of_group DESC, ${NAMES}) AS place
    FROM
    (
        SELECT *, sum(came) OVER (PARTITION BY whole, ${NAMES}) AS of_group
        FROM
        (
            ${REACHED}
        )
    )
)
QUALIFY whole OR place BETWEEN {skip:UInt64} + 1 AND {skip:UInt64} + {most:UInt64}
