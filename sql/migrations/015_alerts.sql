-- Alerts: what was told to whom, so that it is told once. No topic holds them: `clickjoin alerts` writes them itself.
CREATE TABLE IF NOT EXISTS alerts${LOCAL} ${ON_CLUSTER}
(
    alert_id    String COMMENT 'Derived from the alert, its group and the day: the webhook-id under which it was told' CODEC(ZSTD(1)),
    alert       LowCardinality(String) COMMENT 'Its name in the configuration',
    rule        LowCardinality(String) COMMENT 'loss, approval or step',
    group_key   String COMMENT 'What it is about, as JSON: the dimensions and their values' CODEC(ZSTD(1)),
    figures     String COMMENT 'What was told, as JSON' CODEC(ZSTD(1)),
    says        String COMMENT 'The same in words' CODEC(ZSTD(1)),
    webhook     LowCardinality(String) COMMENT 'Who was told',
    told_at     DateTime64(3, 'UTC') COMMENT 'When' CODEC(Delta(8), ZSTD(1)),
    version     UInt64 COMMENT 'told_at in milliseconds since 1970: the last one wins' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(told_at)
ORDER BY (alert, group_key, alert_id)
COMMENT 'What alerts told. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS alerts ${ON_CLUSTER} AS alerts_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'alerts_local', cityHash64(alert_id)) COMMENT 'What alerts told. Read with FINAL.';
