-- Forgotten: the clicks of which everything was to be erased (`clickjoin forget`). Their ID alone is kept, so that what
-- comes later for them is refused, and what a reader of an old log writes again is erased again.
CREATE TABLE IF NOT EXISTS forgotten${LOCAL} ${ON_CLUSTER}
(
    click_id     String COMMENT 'The click that was to be forgotten' CODEC(ZSTD(1)),
    id_day       Date COMMENT 'The day in the click ID (UTC); 1970-01-01 for IDs that a source brought' CODEC(ZSTD(1)),
    forgotten_at DateTime64(3, 'UTC') COMMENT 'When it was asked for' CODEC(Delta(8), ZSTD(1)),
    version      UInt64 COMMENT 'Epoch and offset of the record, turned round: the first request wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
ORDER BY (id_day, click_id)
COMMENT 'Clicks of which everything was to be erased. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS forgotten ${ON_CLUSTER} AS forgotten_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'forgotten_local', cityHash64(click_id)) COMMENT 'Clicks of which everything was to be erased. Read with FINAL.';
