-- What ClickHouse has, in the columns of oracle_tables.sql. Conversion IDs are hashes that nobody else computes: a postback
-- names the conversion that it made or changed by the postback that made it.

CREATE VIEW found_conversions AS SELECT * EXCLUDE (conversion_id) FROM fetched_conversions;

CREATE VIEW found_postbacks AS
SELECT told.* EXCLUDE (conversion_id),
    CASE WHEN told.conversion_id = '' THEN '' ELSE made.postback_id END AS maker
FROM fetched_postbacks AS told LEFT JOIN fetched_conversions AS made USING (conversion_id);
