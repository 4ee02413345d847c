-- group, outcome, reason: postbacks, and their share of the group's. Nothing in this traffic is invalid.
WITH received AS (
    SELECT ${DIMENSIONS} outcome, reason FROM (SELECT *, epoch_ms(received_at) AS moment FROM told)
    WHERE received_at >= ${SINCE} AND received_at < ${UNTIL}
), found AS (
    SELECT ${KEYS}, outcome, reason, count(*) AS postbacks FROM received GROUP BY ALL
)
SELECT ${KEYS}, outcome, reason, postbacks, postbacks / sum(postbacks) OVER (PARTITION BY ${KEYS}) FROM found
