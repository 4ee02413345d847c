-- What a click's offer pays, as it was when the click came: with it a click that the join looks up here is whole.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS payouts Map(LowCardinality(String), String) COMMENT 'By event what the offer pays where the network names no amount: 1.20 USD' CODEC(ZSTD(1)) AFTER may_credit,
    ADD COLUMN IF NOT EXISTS payout_fixed Bool COMMENT 'The offer''s payout wins over the network''s' AFTER payouts;

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS payouts Map(LowCardinality(String), String) COMMENT 'By event what the offer pays where the network names no amount: 1.20 USD' AFTER may_credit, ADD COLUMN IF NOT EXISTS payout_fixed Bool COMMENT 'The offer''s payout wins over the network''s' AFTER payouts;
