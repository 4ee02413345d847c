-- Costs: what a source billed for the clicks of a day, as `clickjoin import costs` read it. No topic holds them: a bill is
-- not an event. Which clicks it is for stands in a map, since every source bills by dimensions of its own.
CREATE TABLE IF NOT EXISTS costs${LOCAL} ${ON_CLUSTER}
(
    day         Date COMMENT 'The day of the clicks (UTC)' CODEC(Delta(2), ZSTD(1)),
    cost_id     String COMMENT 'Derived from the day and the dimensions' CODEC(ZSTD(1)),
    dimensions  Map(LowCardinality(String), String) COMMENT 'Which clicks of that day: campaign, creative, sub1 = value; a dimension that is not named may have any' CODEC(ZSTD(1)),
    cost        Decimal(24, 8) COMMENT 'What these clicks cost us together' CODEC(ZSTD(1)),
    currency    LowCardinality(String) COMMENT 'ISO 4217 code of cost',
    version     UInt64 COMMENT 'When it was imported, milliseconds since 1970: of two bills for the same the last one wins' CODEC(Delta(8), ZSTD(1)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When this row was last written' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(day)
ORDER BY (day, cost_id)
COMMENT 'What sources billed, by the day and any dimensions. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS costs ${ON_CLUSTER} AS costs_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'costs_local', cityHash64(cost_id)) COMMENT 'What sources billed, by the day and any dimensions. Read with FINAL.';
