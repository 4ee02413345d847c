-- The partner who brought a click, as it was known when it was recorded; on what became of it too.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'Who brought it; held: and why, where a claim credits nobody; empty: nobody' AFTER lander;

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'Who brought it; held: and why, where a claim credits nobody; empty: nobody' AFTER lander;

ALTER TABLE conversions${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'The click''s partner' AFTER lander;

${CLUSTER_ONLY}ALTER TABLE conversions ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'The click''s partner' AFTER lander;

ALTER TABLE postbacks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'The click''s partner' AFTER offer;

${CLUSTER_ONLY}ALTER TABLE postbacks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS partner LowCardinality(String) COMMENT 'The click''s partner' AFTER offer;
