-- How the offer of a click was chosen, with its probability and the others that fitted; and what rules may go by.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS region LowCardinality(String) COMMENT 'Region of the country; empty: unknown',
    ADD COLUMN IF NOT EXISTS isp LowCardinality(String) COMMENT 'Internet provider or carrier; empty: unknown',
    ADD COLUMN IF NOT EXISTS connection_type LowCardinality(String) COMMENT 'Kind of connection; empty: unknown',
    ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'Language; empty: unknown',
    ADD COLUMN IF NOT EXISTS chosen_by LowCardinality(String) COMMENT 'What decided on the offer: weight, optimise, sticky, trafficback; empty: there was but one',
    ADD COLUMN IF NOT EXISTS choice_reason LowCardinality(String) COMMENT 'Of trafficback: why no offer fitted',
    ADD COLUMN IF NOT EXISTS probability Nullable(Float64) COMMENT 'With which this offer was chosen; NULL: not known' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS candidates Map(LowCardinality(String), Float64) COMMENT 'The offers that fitted, and with which probability each was to be chosen' CODEC(ZSTD(1));

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS region LowCardinality(String) COMMENT 'Region of the country; empty: unknown', ADD COLUMN IF NOT EXISTS isp LowCardinality(String) COMMENT 'Internet provider or carrier; empty: unknown', ADD COLUMN IF NOT EXISTS connection_type LowCardinality(String) COMMENT 'Kind of connection; empty: unknown', ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'Language; empty: unknown', ADD COLUMN IF NOT EXISTS chosen_by LowCardinality(String) COMMENT 'What decided on the offer: weight, optimise, sticky, trafficback; empty: there was but one', ADD COLUMN IF NOT EXISTS choice_reason LowCardinality(String) COMMENT 'Of trafficback: why no offer fitted', ADD COLUMN IF NOT EXISTS probability Nullable(Float64) COMMENT 'With which this offer was chosen; NULL: not known', ADD COLUMN IF NOT EXISTS candidates Map(LowCardinality(String), Float64) COMMENT 'The offers that fitted, and with which probability each was to be chosen';
