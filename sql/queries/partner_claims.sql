-- What `partner=` said, by campaign: clicks, and the conversions that somebody may be credited for.
SELECT claim, campaign, count() AS clicks, sum(of_click) AS conversions, min(clicked_at) AS first, max(clicked_at) AS last
FROM
(
    SELECT params['partner'] AS claim, campaign, click_id, clicked_at
    FROM clicks FINAL
    WHERE params['partner'] != '' AND NOT is_test
) AS seen
LEFT JOIN
(
    SELECT click_id, count() AS of_click
    FROM conversions FINAL
    WHERE NOT is_test AND event != 'lander_click'
    GROUP BY click_id
) AS brought USING (click_id)
GROUP BY claim, campaign
ORDER BY clicks DESC, claim, campaign
