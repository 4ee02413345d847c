-- Invalid: input that could not be used, with its reason and its raw bytes. The ID of a record on a topic that could not
-- be read is derived from where it lies, so every role that meets it writes the same row; not partitioned, because
-- they may not agree on its time.
CREATE TABLE IF NOT EXISTS invalid${LOCAL} ${ON_CLUSTER}
(
    invalid_id  String COMMENT 'Our ID of the input; derived for what lay on a topic' CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'When it was received' CODEC(Delta(8), ZSTD(1)),
    kind        LowCardinality(String) COMMENT 'click, postback, record (bytes on a topic) or row (refused by ClickHouse)',
    code        LowCardinality(String) COMMENT 'The reason, a closed word',
    detail      String COMMENT 'The reason in words: where, what, and what would be right' CODEC(ZSTD(3)),
    raw         String COMMENT 'The input as it came; base64 where it is no UTF-8' CODEC(ZSTD(3)),
    network     LowCardinality(String) COMMENT 'Of a postback: the network it was sent for',
    source      LowCardinality(String) COMMENT 'Of a click: the source it was sent for',
    status      UInt16 COMMENT 'The HTTP status it was answered with; 0: it did not come by HTTP',
    version     UInt64 COMMENT 'Offset of the record: the last one wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1)),
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
ORDER BY invalid_id
COMMENT 'Input that could not be used. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS invalid ${ON_CLUSTER} AS invalid_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'invalid_local', cityHash64(invalid_id)) COMMENT 'Input that could not be used. Read with FINAL.';
