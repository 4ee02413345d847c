-- Clicks, whole: their first facts.
SELECT
    click_id,
    toUnixTimestamp64Milli(clicked_at) AS clicked_ms,
    toUnixTimestamp64Milli(received_at) AS received_ms,
    campaign, source, source_click_id, offer, network, may_credit, payouts, payout_fixed,
    country, device, os, browser, placement, creative, source_campaign, keyword, lander,
    [sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10] AS subs,
    params, toString(cost) AS amount, currency, ip, user_agent, is_bot, is_unique, is_prefetch, is_test, origin,
    region, isp, connection_type, language, chosen_by, choice_reason, probability, candidates, consent, partner, cpa
FROM clicks FINAL
WHERE id_day IN {days:Array(Date)} AND click_id IN {click_ids:Array(String)}
