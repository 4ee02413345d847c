-- Postbacks: one row per postback that was received, with what became of it. A postback that waits has no click yet and
-- gets its second row later (higher version), so key and partition hold only what the postback itself brought.
CREATE TABLE IF NOT EXISTS postbacks${LOCAL} ${ON_CLUSTER}
(
    postback_id     String COMMENT 'Our ID of the postback' CODEC(ZSTD(1)),
    click_id        String COMMENT 'The click it names; empty: a user whom no click brought' CODEC(ZSTD(1)),
    event           LowCardinality(String) COMMENT 'The funnel step it reports, in our word',
    txid            String COMMENT 'The network''s ID of the conversion; lets an event repeat' CODEC(ZSTD(1)),
    outcome         LowCardinality(String) COMMENT 'attributed, updated, duplicate, waiting, late, orphan or unattributed',
    reason          LowCardinality(String) COMMENT 'Why that outcome, where there is more to say',
    repeats         String COMMENT 'Of a duplicate: the postback_id that it repeats' CODEC(ZSTD(1)),
    previous_status LowCardinality(String) COMMENT 'Of an update: the status before',
    network         LowCardinality(String) COMMENT 'Who sent it',
    status          LowCardinality(String) COMMENT 'pending, approved or rejected',
    raw_status      LowCardinality(String) COMMENT 'The network''s own word for the status',
    payout          Nullable(Decimal(24, 8)) COMMENT 'What the network pays us for it; NULL: it did not say' CODEC(ZSTD(1)),
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of payout; empty where there is none',
    received_at     DateTime64(3, 'UTC') COMMENT 'When we received it' CODEC(Delta(8), ZSTD(1)),
    occurred_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'The network''s own time of the event; NULL: it gave none' CODEC(ZSTD(1)),
    decided_at      DateTime64(3, 'UTC') COMMENT 'The log''s time when this outcome was decided' CODEC(Delta(8), ZSTD(1)),
    clicked_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'When the click happened; NULL: no click known' CODEC(ZSTD(1)),
    campaign        LowCardinality(String) COMMENT 'The click''s campaign; empty: no click known',
    source          LowCardinality(String) COMMENT 'The click''s traffic source; empty: no click known',
    offer           LowCardinality(String) COMMENT 'The click''s offer; empty: no click known',
    conversion_id   String COMMENT 'The conversion it made or changed; empty: none' CODEC(ZSTD(1)),
    params          Map(String, String) COMMENT 'Whatever else the network sent' CODEC(ZSTD(1)),
    is_test         Bool COMMENT 'Marked as a test',
    origin          LowCardinality(String) COMMENT 'Empty: live; import or replay otherwise',
    version         UInt64 COMMENT 'Epoch, offset and index of the record that caused the outcome: the last one wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1)),
    INDEX by_postback_id postback_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY (click_id, postback_id)
COMMENT 'One row per postback that was received, with its outcome. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS postbacks ${ON_CLUSTER} AS postbacks_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'postbacks_local', cityHash64(click_id)) COMMENT 'One row per postback that was received, with its outcome. Read with FINAL.';
