-- The funnel by campaign from those: of each click and each conversion the latest version by argMax.
SELECT campaign, sum(clicks), groupArray((event, reached, amount))
FROM
(
    SELECT campaign, 'click' AS event, count() AS clicks, clicks AS reached, sum(cost) AS amount
    FROM
    (
        SELECT
            click_id,
            argMax(plain_clicks.campaign, version) AS campaign,
            argMax(plain_clicks.cost, version) AS cost,
            argMax(is_bot OR is_test, version) AS left_out
        FROM plain_clicks
        WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64}) AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
        GROUP BY click_id
    )
    WHERE NOT left_out AND ({campaign:String} = '' OR campaign = {campaign:String})
    GROUP BY campaign

    UNION ALL

    SELECT
        campaign, event, 0, uniqExact(click_id), sumIf(payout, status = 'approved')
    FROM
    (
        SELECT
            conversion_id,
            any(plain_conversions.click_id) AS click_id,
            any(plain_conversions.event) AS event,
            argMax(plain_conversions.campaign, version) AS campaign,
            argMax(plain_conversions.status, version) AS status,
            argMax(plain_conversions.payout, version) AS payout,
            argMax(is_bot OR is_test OR is_refund, version) AS left_out
        FROM plain_conversions
        WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64}) AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
        GROUP BY conversion_id
    )
    WHERE NOT left_out AND status IN ('pending', 'approved') AND ({campaign:String} = '' OR campaign = {campaign:String})
    GROUP BY campaign, event
)
GROUP BY campaign
