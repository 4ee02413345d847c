-- What was settled with partners: each settlement, and its lines. A line counts only where its settlement is there; of two
-- settlements of a month the first wins. No topic holds them: `clickjoin settle` writes them, the lines first.
CREATE TABLE IF NOT EXISTS settlements${LOCAL} ${ON_CLUSTER}
(
    partner       LowCardinality(String) COMMENT 'The partner, by the configured name',
    month         String COMMENT 'Like 2026-11 (UTC): what was payable before its end',
    settlement_id String COMMENT 'Derived from partner, month and moment' CODEC(ZSTD(1)),
    settled_at    DateTime64(3, 'UTC') COMMENT 'When it was settled',
    reference     String COMMENT 'What was written of the payment' CODEC(ZSTD(1)),
    lines         UInt64 COMMENT 'How many lines it has',
    totals        Map(LowCardinality(String), Decimal(24, 2)) COMMENT 'The sum of its lines by currency: what was paid',
    version       UInt64 COMMENT 'The moment turned round: the first settlement of a month wins'
)
ENGINE = ${REPLICATED}ReplacingMergeTree(version)
ORDER BY (partner, month)
COMMENT 'What was settled with partners. Read with FINAL.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS settlements ${ON_CLUSTER} AS settlements_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'settlements_local', cityHash64(partner)) COMMENT 'What was settled with partners. Read with FINAL.';

CREATE TABLE IF NOT EXISTS ledger${LOCAL} ${ON_CLUSTER}
(
    partner         LowCardinality(String) COMMENT 'The partner, by the configured name',
    settlement_id   String COMMENT 'The settlement it is of' CODEC(ZSTD(1)),
    line_id         String COMMENT 'Derived from the conversion and the place among its lines' CODEC(ZSTD(1)),
    conversion_id   String COMMENT 'The conversion it is for' CODEC(ZSTD(1)),
    click_id        String COMMENT 'The click of the conversion' CODEC(ZSTD(1)),
    event           LowCardinality(String) COMMENT 'The funnel step',
    campaign        LowCardinality(String) COMMENT 'The click''s campaign',
    sub1            String COMMENT 'The click''s free label 1' CODEC(ZSTD(1)),
    received_at     DateTime64(3, 'UTC') COMMENT 'When the first postback of the conversion was received',
    reason          LowCardinality(String) COMMENT 'earned, refund, clawback, restored, amount or volume',
    share           LowCardinality(String) COMMENT 'The share that counted',
    payout          Decimal(24, 8) COMMENT 'What the network pays us for it, of which it is the share',
    payout_currency LowCardinality(String) COMMENT 'ISO 4217 code of payout',
    amount          Decimal(24, 2) COMMENT 'What the partner gets; negative: gives back',
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of amount'
)
ENGINE = ${REPLICATED}ReplacingMergeTree
ORDER BY (partner, settlement_id, line_id)
COMMENT 'The lines of all settlements. Read with FINAL, and only those whose settlement is there.';

${CLUSTER_ONLY}CREATE TABLE IF NOT EXISTS ledger ${ON_CLUSTER} AS ledger_local ENGINE = Distributed('${CLUSTER}', currentDatabase(), 'ledger_local', cityHash64(partner)) COMMENT 'The lines of all settlements. Read with FINAL, and only those whose settlement is there.';
