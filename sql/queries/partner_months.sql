-- What the conversions of clicks that a partner may be credited for come to, by the month (UTC) in which they were received,
-- and whether they stand as they were settled last. `gone`: settled, and in the table no more. Without tests.
SELECT
    if(is_there, claim, '') AS said,
    if(is_there, campaign, '') AS of_campaign,
    if(is_there, of_month, told_month) AS month,
    if(is_there, event, told_event) AS of_event,
    if(is_there, status, 'gone') AS stands,
    is_refund,
    multiIf(isNull(payout), 'unknown', payout = 0, 'nothing', 'some') AS worth,
    last_reason,
    last_share,
    ifNull(payout, 0) = last_payout AND currency = last_currency AS is_same,
    count() AS conversions
FROM
(
    SELECT
        true AS is_there, conversion_id, claim, campaign, toYYYYMM(received_at) AS of_month, event, status, is_refund, payout,
        currency
    FROM conversions FINAL
    ANY LEFT JOIN
    (
        SELECT click_id, params['partner'] AS claim
        FROM clicks FINAL
        WHERE params['partner'] = {partner:String}
           OR startsWith(params['partner'], concat({partner:String}, '.'))
           OR params['partner'] IN {accept:Array(String)}
    ) AS claims USING (click_id)
    WHERE (claim != '' OR campaign IN {campaigns:Array(String)})
      AND received_at < fromUnixTimestamp64Milli({until:Int64})
      AND event != 'lander_click'
      AND NOT is_test
) AS theirs
FULL JOIN
(
    SELECT
        conversion_id,
        toYYYYMM(any(received_at)) AS told_month,
        any(lines.event) AS told_event,
        argMax(reason, settled.month) AS last_reason,
        argMax(share, settled.month) AS last_share,
        argMax(lines.payout, settled.month) AS last_payout,
        argMax(payout_currency, settled.month) AS last_currency
    FROM (SELECT * FROM ledger FINAL WHERE partner = {partner:String}) AS lines
    INNER JOIN
    (
        SELECT settlement_id, month FROM settlements FINAL WHERE partner = {partner:String}
    ) AS settled USING (settlement_id)
    GROUP BY conversion_id
) AS told USING (conversion_id)
GROUP BY ALL
