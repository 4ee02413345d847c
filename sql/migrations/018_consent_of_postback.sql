-- What the user of a postback consented to, as it came.
ALTER TABLE postbacks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS consent String COMMENT 'What the user consented to, in the network''s words' CODEC(ZSTD(1));

${CLUSTER_ONLY}ALTER TABLE postbacks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS consent String COMMENT 'What the user consented to, in the network''s words' CODEC(ZSTD(1));
