-- Deliveries: every step of every source postback is a row. A step that was taken twice (an attempt whose result was
-- lost) is one row, the later one. The time of a step can therefore differ and is no part of key or partition.
CREATE TABLE IF NOT EXISTS deliveries${LOCAL} ${ON_CLUSTER}
(
    delivery_id     String COMMENT 'Derived from postback, conversion and destination' CODEC(ZSTD(1)),
    attempt         UInt32 COMMENT 'Counts from 1; 0: before the first attempt',
    state           LowCardinality(String) COMMENT 'scheduled, held, not_sendable, retry, delivered, failed, cancelled or expired',
    conversion_id   String COMMENT 'The conversion that is told' CODEC(ZSTD(1)),
    postback_id     String COMMENT 'The postback that caused it' CODEC(ZSTD(1)),
    click_id        String COMMENT 'The click of the conversion' CODEC(ZSTD(1)),
    id_day          Date COMMENT 'The day in the click ID (UTC); 1970-01-01 for IDs that a source brought' CODEC(ZSTD(1)),
    event           LowCardinality(String) COMMENT 'The funnel step that is told',
    source          LowCardinality(String) COMMENT 'The click''s traffic source',
    destination     LowCardinality(String) COMMENT 'Who is told, by its configured name',
    method          LowCardinality(String) COMMENT 'HTTP method',
    url             String COMMENT 'What was called; keys and tokens in it are masked' CODEC(ZSTD(3)),
    code            UInt16 COMMENT 'HTTP status of the answer; 0: no answer',
    reason          String COMMENT 'Why this state, where there is more to say' CODEC(ZSTD(1)),
    took_ms         UInt32 COMMENT 'Milliseconds from call to answer',
    attempted_at    DateTime64(3, 'UTC') COMMENT 'When this step was taken' CODEC(Delta(8), ZSTD(1)),
    next_attempt_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it is tried again; NULL: not' CODEC(ZSTD(1)),
    worker          LowCardinality(String) COMMENT 'The worker that took this step',
    version         UInt64 COMMENT 'Offset of the record: the last one wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1)),
    INDEX by_click_id click_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_delivery_id delivery_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_attempted_at attempted_at TYPE minmax GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(id_day)
ORDER BY (id_day, click_id, delivery_id, attempt, state)
COMMENT 'Every step of every source postback. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS deliveries ${ON_CLUSTER} AS deliveries_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'deliveries_local', cityHash64(click_id)) COMMENT 'Every step of every source postback. Read with FINAL.';
