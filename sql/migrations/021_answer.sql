-- What a destination answered to an attempt, besides its code.
ALTER TABLE deliveries${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS answer String COMMENT 'The beginning of the answer; our secrets in it are masked' CODEC(ZSTD(3));

${CLUSTER_ONLY}ALTER TABLE deliveries ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS answer String COMMENT 'The beginning of the answer; our secrets in it are masked' CODEC(ZSTD(3));
