-- Clicks: one row per click ID; of a click recorded twice the first facts stay (version counts backwards).
-- Sorted and partitioned by what the click ID says alone. clicked_at is no part of it: a source that repeats a click of
-- its own may give it another time, and that must land on the same row.
CREATE TABLE IF NOT EXISTS clicks${LOCAL} ${ON_CLUSTER}
(
    click_id        String COMMENT 'Our ID of the click, or SOURCE:ID where the source brought its own; the join key',
    id_day          Date COMMENT 'The day in the click ID (UTC); 1970-01-01 for IDs that a source brought' CODEC(ZSTD(1)),
    clicked_at      DateTime64(3, 'UTC') COMMENT 'When the visit happened' CODEC(Delta(8), ZSTD(1)),
    received_at     DateTime64(3, 'UTC') COMMENT 'When we recorded it' CODEC(Delta(8), ZSTD(1)),
    day             Date ALIAS toDate(clicked_at) COMMENT 'The day of the click (UTC)',
    campaign        LowCardinality(String) COMMENT 'The campaign it came to',
    source          LowCardinality(String) COMMENT 'The traffic source that sold it',
    source_click_id String COMMENT 'The source''s own ID of the click, byte for byte' CODEC(ZSTD(1)),
    offer           LowCardinality(String) COMMENT 'The offer it was sent to; empty: none yet',
    network         LowCardinality(String) COMMENT 'The network of that offer',
    may_credit      Array(LowCardinality(String)) COMMENT 'Networks that may credit this click; empty: any',
    country         LowCardinality(String) COMMENT 'ISO 3166 code; empty: unknown',
    device          LowCardinality(String) COMMENT 'Kind of device; empty: unknown',
    os              LowCardinality(String) COMMENT 'Operating system; empty: unknown',
    browser         LowCardinality(String) COMMENT 'Browser; empty: unknown',
    placement       String COMMENT 'The source''s word for the place of the ad' CODEC(ZSTD(1)),
    creative        String COMMENT 'The source''s word for the ad itself' CODEC(ZSTD(1)),
    source_campaign String COMMENT 'The source''s own campaign' CODEC(ZSTD(1)),
    keyword         String COMMENT 'The keyword the source matched' CODEC(ZSTD(1)),
    sub1            String COMMENT 'Free label 1' CODEC(ZSTD(1)),
    sub2            String COMMENT 'Free label 2' CODEC(ZSTD(1)),
    sub3            String COMMENT 'Free label 3' CODEC(ZSTD(1)),
    sub4            String COMMENT 'Free label 4' CODEC(ZSTD(1)),
    sub5            String COMMENT 'Free label 5' CODEC(ZSTD(1)),
    sub6            String COMMENT 'Free label 6' CODEC(ZSTD(1)),
    sub7            String COMMENT 'Free label 7' CODEC(ZSTD(1)),
    sub8            String COMMENT 'Free label 8' CODEC(ZSTD(1)),
    sub9            String COMMENT 'Free label 9' CODEC(ZSTD(1)),
    sub10           String COMMENT 'Free label 10' CODEC(ZSTD(1)),
    params          Map(String, String) COMMENT 'Whatever else the source sent' CODEC(ZSTD(1)),
    cost            Nullable(Decimal(24, 8)) COMMENT 'What the click cost us; NULL: not known' CODEC(ZSTD(1)),
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty where there is none',
    ip              String COMMENT 'The visitor''s address' CODEC(ZSTD(1)),
    user_agent      String COMMENT 'The visitor''s User-Agent header' CODEC(ZSTD(1)),
    is_bot          Bool COMMENT 'Looks like a robot',
    is_test         Bool COMMENT 'Marked as a test',
    origin          LowCardinality(String) COMMENT 'Empty: live; import or replay otherwise',
    version         UInt64 COMMENT 'Epoch, offset and index of the record, turned round: the first record wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at     DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1)),
    INDEX by_click_id click_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_clicked_at clicked_at TYPE minmax GRANULARITY 1
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(id_day)
ORDER BY (id_day, click_id)
COMMENT 'One row per visit that was recorded. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS clicks ${ON_CLUSTER} AS clicks_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'clicks_local', cityHash64(click_id)) COMMENT 'One row per visit that was recorded. Read with FINAL.';
