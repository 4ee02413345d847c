-- What must be in ClickHouse, as far as it is compared: filled by rules.sql, one partition after the other. Moments
-- are milliseconds since 1970.

CREATE TABLE clicks (
    click_id VARCHAR, clicked_at BIGINT, campaign VARCHAR, source VARCHAR, source_click_id VARCHAR, offer VARCHAR,
    country VARCHAR, creative VARCHAR, cost DECIMAL(24, 8), currency VARCHAR,
    claim VARCHAR -- what `partner=` said
);

CREATE TABLE postbacks (
    postback_id VARCHAR, click_id VARCHAR, event VARCHAR, txid VARCHAR, outcome VARCHAR, reason VARCHAR,
    repeats VARCHAR, previous_status VARCHAR, network VARCHAR, status VARCHAR, raw_status VARCHAR,
    payout DECIMAL(24, 8), currency VARCHAR, received_at BIGINT, occurred_at BIGINT, clicked_at BIGINT,
    campaign VARCHAR, source VARCHAR, offer VARCHAR,
    maker VARCHAR -- the postback that made the conversion
);

CREATE TABLE conversions (
    postback_id VARCHAR, click_id VARCHAR, event VARCHAR, txid VARCHAR, status VARCHAR, raw_status VARCHAR,
    payout DECIMAL(24, 8), currency VARCHAR, is_refund BOOLEAN, network VARCHAR, occurred_at BIGINT,
    received_at BIGINT, status_at BIGINT, status_received_at BIGINT, clicked_at BIGINT, campaign VARCHAR,
    source VARCHAR, source_click_id VARCHAR, offer VARCHAR, country VARCHAR, creative VARCHAR
);

-- The moment in a click ID of ours: its first 48 bits. NULL for others.
CREATE MACRO minted_at(click_id) AS CASE WHEN regexp_full_match(click_id, '[0-9a-v]{32}') THEN
    list_reduce(list_transform(string_split(click_id[1:10], ''),
        lambda digit: CAST(strpos('0123456789abcdefghijklmnopqrstuv', digit) - 1 AS BIGINT)),
        lambda high, low: high * 32 + low) // 4
END;

CREATE VIEW totals AS
SELECT concat_ws(' ', 'clicks', campaign, source, currency, CAST(epoch_ms(clicked_at) AS DATE)) AS total,
    count(*) AS rows, sum(cost) AS money
FROM clicks GROUP BY total
UNION ALL
SELECT concat_ws(' ', 'postbacks', outcome, reason, event, network, currency, CAST(epoch_ms(received_at) AS DATE)) AS total,
    count(*), sum(payout)
FROM postbacks GROUP BY total
UNION ALL
SELECT concat_ws(' ', 'conversions', event, status, is_refund, currency, campaign, source,
    CAST(epoch_ms(clicked_at) AS DATE)) AS total, count(*), sum(payout)
FROM conversions GROUP BY total
UNION ALL
SELECT 'invalid', 0, NULL;
