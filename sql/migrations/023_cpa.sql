-- What a source charges for an event: on the click as it was when that came, on the conversion what it comes to.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS cpa Map(LowCardinality(String), String) COMMENT 'By event what the source charges for it: 3.00 USD' CODEC(ZSTD(1)) AFTER currency;

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS cpa Map(LowCardinality(String), String) COMMENT 'By event what the source charges for it: 3.00 USD' AFTER currency;

ALTER TABLE conversions${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS cost Nullable(Decimal(24, 8)) COMMENT 'What the source charges for it, once it is approved; NULL: nothing' CODEC(ZSTD(1)) AFTER currency,
    ADD COLUMN IF NOT EXISTS cost_currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty where there is none' AFTER cost;

${CLUSTER_ONLY}ALTER TABLE conversions ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS cost Nullable(Decimal(24, 8)) COMMENT 'What the source charges for it, once it is approved; NULL: nothing' AFTER currency, ADD COLUMN IF NOT EXISTS cost_currency LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty where there is none' AFTER cost;
