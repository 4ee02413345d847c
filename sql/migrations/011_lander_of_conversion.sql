-- The lander of a conversion's click.
ALTER TABLE conversions${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS lander LowCardinality(String) COMMENT 'The click''s lander' AFTER keyword;

${CLUSTER_ONLY}ALTER TABLE conversions ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS lander LowCardinality(String) COMMENT 'The click''s lander' AFTER keyword;
