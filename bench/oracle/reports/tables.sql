CREATE OR REPLACE TEMP MACRO at_level(sorted, level) AS
    sorted[1 + least(CAST(floor(CAST(level AS DOUBLE) * len(sorted)) AS BIGINT), len(sorted) - 1)];

-- What the reports are about, as brute force has it: clicks that came, conversions that are held, postbacks that were told.
-- Two things are taken from ClickHouse: the IDs of conversions, which are hashes (of two of one moment the lesser ID is the
-- first), and the moment in which a postback was decided, which is the broker's.

CREATE OR REPLACE TEMP TABLE came AS SELECT *, '' AS network, ${NOWHERE} FROM clicks;

CREATE OR REPLACE TEMP TABLE held AS
SELECT held.*, conversion_id, ${NOWHERE} FROM conversions AS held JOIN fetched_conversions USING (postback_id);

CREATE OR REPLACE TEMP TABLE told AS
SELECT told.*, decided_at_ms AS decided_at, ${NOWHERE} FROM postbacks AS told JOIN fetched_postbacks USING (postback_id);
