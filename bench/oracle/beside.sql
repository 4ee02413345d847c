-- What ClickHouse has, with the names of the columns of tables.sql, for rows are compared column by column by name.

ALTER VIEW found_clicks RENAME TO fetched_clicks;

CREATE VIEW found_clicks (
    click_id, clicked_at, campaign, source, source_click_id, offer, country, creative, cost, currency, claim
) AS FROM fetched_clicks;

CREATE VIEW found_conversions (
    postback_id, click_id, event, txid, status, raw_status, payout, currency, is_refund, network, occurred_at,
    received_at, status_at, status_received_at, clicked_at, campaign, source, source_click_id, offer, country, creative
) AS SELECT * EXCLUDE (conversion_id) FROM fetched_conversions;

-- Conversion IDs are hashes that nobody else computes: a postback names the conversion that it made or changed by the
-- postback that made it.
CREATE VIEW found_postbacks (
    postback_id, click_id, event, txid, outcome, reason, repeats, previous_status, network, status, raw_status, payout,
    currency, received_at, occurred_at, clicked_at, campaign, source, offer, maker
) AS
SELECT told.* EXCLUDE (conversion_id, decided_at_ms),
    CASE WHEN told.conversion_id = '' THEN '' ELSE made.postback_id END
FROM fetched_postbacks AS told LEFT JOIN fetched_conversions AS made USING (conversion_id);
