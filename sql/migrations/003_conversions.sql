-- Conversions: one row per event credited to a click, as it stands now, with the click's facts beside it.
-- Sorted and partitioned like clicks, by what the click ID says.
CREATE TABLE IF NOT EXISTS conversions${LOCAL} ${ON_CLUSTER}
(
    conversion_id      String COMMENT 'Derived from click, event, network and transaction' CODEC(ZSTD(1)),
    click_id           String COMMENT 'The click it is credited to' CODEC(ZSTD(1)),
    id_day             Date COMMENT 'The day in the click ID (UTC); 1970-01-01 for IDs that a source brought' CODEC(ZSTD(1)),
    event              LowCardinality(String) COMMENT 'The funnel step',
    txid               String COMMENT 'The network''s ID of the conversion' CODEC(ZSTD(1)),
    status             LowCardinality(String) COMMENT 'pending, approved or rejected, as it stands now',
    raw_status         LowCardinality(String) COMMENT 'The network''s own word for the status',
    payout             Nullable(Decimal(24, 8)) COMMENT 'What the network pays us for it (negative: a refund); NULL: not known' CODEC(ZSTD(1)),
    currency           LowCardinality(String) COMMENT 'ISO 4217 code of payout; empty where there is none',
    is_refund          Bool COMMENT 'Takes a payout back: counts in sums, not as a step',
    network            LowCardinality(String) COMMENT 'The network that reported it',
    postback_id        String COMMENT 'The postback that made it' CODEC(ZSTD(1)),
    occurred_at        DateTime64(3, 'UTC') COMMENT 'When it happened: the network''s time, else when we received it' CODEC(Delta(8), ZSTD(1)),
    received_at        DateTime64(3, 'UTC') COMMENT 'When we received its first postback' CODEC(Delta(8), ZSTD(1)),
    status_at          Nullable(DateTime64(3, 'UTC')) COMMENT 'The network''s time of the last change; NULL: it gave none' CODEC(ZSTD(1)),
    status_received_at DateTime64(3, 'UTC') COMMENT 'When we received the last change' CODEC(Delta(8), ZSTD(1)),
    clicked_at         DateTime64(3, 'UTC') COMMENT 'When the click happened' CODEC(Delta(8), ZSTD(1)),
    day                Date ALIAS toDate(clicked_at) COMMENT 'The day of the click (UTC)',
    campaign           LowCardinality(String) COMMENT 'The click''s campaign',
    source             LowCardinality(String) COMMENT 'The click''s traffic source',
    source_click_id    String COMMENT 'The source''s own ID of the click' CODEC(ZSTD(1)),
    offer              LowCardinality(String) COMMENT 'The click''s offer',
    country            LowCardinality(String) COMMENT 'The click''s country',
    device             LowCardinality(String) COMMENT 'The click''s device',
    os                 LowCardinality(String) COMMENT 'The click''s operating system',
    browser            LowCardinality(String) COMMENT 'The click''s browser',
    placement          String COMMENT 'The click''s placement' CODEC(ZSTD(1)),
    creative           String COMMENT 'The click''s creative' CODEC(ZSTD(1)),
    source_campaign    String COMMENT 'The click''s campaign in the source''s words' CODEC(ZSTD(1)),
    keyword            String COMMENT 'The click''s keyword' CODEC(ZSTD(1)),
    sub1               String COMMENT 'The click''s free label 1' CODEC(ZSTD(1)),
    sub2               String COMMENT 'The click''s free label 2' CODEC(ZSTD(1)),
    sub3               String COMMENT 'The click''s free label 3' CODEC(ZSTD(1)),
    sub4               String COMMENT 'The click''s free label 4' CODEC(ZSTD(1)),
    sub5               String COMMENT 'The click''s free label 5' CODEC(ZSTD(1)),
    sub6               String COMMENT 'The click''s free label 6' CODEC(ZSTD(1)),
    sub7               String COMMENT 'The click''s free label 7' CODEC(ZSTD(1)),
    sub8               String COMMENT 'The click''s free label 8' CODEC(ZSTD(1)),
    sub9               String COMMENT 'The click''s free label 9' CODEC(ZSTD(1)),
    sub10              String COMMENT 'The click''s free label 10' CODEC(ZSTD(1)),
    is_bot             Bool COMMENT 'The click looks like a robot''s',
    is_test            Bool COMMENT 'The postback or its click is marked as a test',
    origin             LowCardinality(String) COMMENT 'Of the last postback. Empty: live; import or replay otherwise',
    version            UInt64 COMMENT 'Epoch, offset and index of the record that changed it last: the last one wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at        DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1)),
    INDEX by_click_id click_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_conversion_id conversion_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_clicked_at clicked_at TYPE minmax GRANULARITY 1,
    INDEX by_occurred_at occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(id_day)
ORDER BY (id_day, click_id, conversion_id)
COMMENT 'One row per event credited to a click, with its latest status. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS conversions ${ON_CLUSTER} AS conversions_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'conversions_local', cityHash64(click_id)) COMMENT 'One row per event credited to a click, with its latest status. Read with FINAL.';
