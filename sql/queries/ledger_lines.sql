-- The lines of a partner's settlements, each with its month. Of conversions as in partner_conversions.sql.
SELECT
    month, line_id, conversion_id, click_id, event, campaign, sub1, received_at, reason, share, payout,
    payout_currency, amount, currency
FROM (SELECT * FROM ledger FINAL WHERE partner = {partner:String}) AS lines
INNER JOIN
(
    SELECT settlement_id, month FROM settlements FINAL WHERE partner = {partner:String}
) AS settled USING (settlement_id)
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}) OR toYYYYMM(received_at) IN {months:Array(UInt32)}
ORDER BY month, received_at, line_id
