-- The same as somebody would have it without keys, versions and FINAL: every version a row, in the order it came.
CREATE TABLE plain_clicks ENGINE = MergeTree ORDER BY clicked_at AS
SELECT click_id, clicked_at, campaign, cost, currency, is_bot, is_test, version FROM clicks;

CREATE TABLE plain_conversions ENGINE = MergeTree ORDER BY received_at AS
SELECT
    conversion_id, click_id, clicked_at, received_at, campaign, event, status, payout, currency, is_refund, is_bot,
    is_test, version
FROM conversions
