-- What the clicks of each day came to, by the dimensions that are asked for most. ClickHouse makes it anew once a day,
-- as a whole; a report takes from it only days to which nothing was written since, and reads the rows of the others.
-- On a cluster each server has its own, of all clicks: what it knows of them and when is then of one moment.
CREATE TABLE IF NOT EXISTS click_days ${ON_CLUSTER}
(
    id_day       Date COMMENT 'The day in the click IDs (UTC)' CODEC(Delta(2), ZSTD(1)),
    clicked_on   Date COMMENT 'The day of the clicks (UTC)' CODEC(Delta(2), ZSTD(1)),
    campaign     LowCardinality(String) COMMENT 'The campaign they came to',
    source       LowCardinality(String) COMMENT 'The traffic source that sold them',
    offer        LowCardinality(String) COMMENT 'The offer they were sent to',
    network      LowCardinality(String) COMMENT 'The network of that offer',
    country      LowCardinality(String) COMMENT 'ISO 3166 code',
    device       LowCardinality(String) COMMENT 'Kind of device',
    is_bot       Bool COMMENT 'They look like robots',
    is_test      Bool COMMENT 'They are marked as tests',
    currency     LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty where there is none',
    clicks       UInt64 COMMENT 'How many they are' CODEC(ZSTD(1)),
    costed       UInt64 COMMENT 'Of how many the cost is known' CODEC(ZSTD(1)),
    cost         Decimal(38, 8) COMMENT 'What these cost by their own account: bills are not in it' CODEC(ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When all of this table was made' CODEC(Delta(8), ZSTD(1)),
    of_clicks    UInt64 COMMENT 'Of how many clicks all of this table was made' CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (clicked_on, campaign, source, offer, network, country, device)
COMMENT 'What the clicks of each day came to, as of the last refresh. Reports know which days of it still hold.';

CREATE MATERIALIZED VIEW IF NOT EXISTS click_days_refresh ${ON_CLUSTER}
REFRESH EVERY 1 DAY OFFSET 2 HOUR TO click_days
AS SELECT
    id_day, toDate(clicked_at) AS clicked_on, campaign, source, offer, network, country, device, is_bot, is_test,
    if(isNull(clicks.cost), '', clicks.currency) AS currency,
    count() AS clicks,
    count(clicks.cost) AS costed,
    ifNull(sum(clicks.cost), 0) AS cost,
    now64(3, 'UTC') AS refreshed_at,
    (SELECT count() FROM clicks FINAL) AS of_clicks
FROM clicks FINAL
GROUP BY ALL
SETTINGS max_threads = 1, max_bytes_before_external_group_by = 1000000000
COMMENT 'Makes click_days anew, every night at two (UTC).';

ALTER TABLE clicks${LOCAL} ${ON_CLUSTER} ADD INDEX IF NOT EXISTS by_inserted_at inserted_at TYPE minmax GRANULARITY 1;

ALTER TABLE clicks${LOCAL} ${ON_CLUSTER} MATERIALIZE INDEX by_inserted_at;
