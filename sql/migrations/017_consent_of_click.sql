-- What the visitor of a click consented to, as it came.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS consent String COMMENT 'What the visitor consented to, in the source''s words' CODEC(ZSTD(1));

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS consent String COMMENT 'What the visitor consented to, in the source''s words' CODEC(ZSTD(1));
