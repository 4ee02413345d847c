-- Conversions of the clicks of a day, one to ten clicks: of ten of them six installs, two trials and two
-- subscriptions, most in the first days, the last after five weeks. A third has two versions: pending, and what came of
-- it. Of a hundred clicks with a conversion four have four.
INSERT INTO conversions
(
    conversion_id, click_id, id_day, event, txid, status, payout, currency, network, postback_id,
    occurred_at, received_at, status_received_at, clicked_at, campaign, source, source_click_id, offer, country, device,
    os, browser, placement, creative, source_campaign, keyword, sub1, sub2, is_bot, version
)
WITH
    cityHash64(click_id, 21) AS luck,
    luck / 18446744073709551616. AS chance,
    cityHash64(click_id, which) % 10 AS kind,
    clicked_at + toIntervalSecond(60 + toUInt32(3e6 * chance * chance * chance)) AS happened
SELECT
    lower(hex(sipHash128(click_id, which))),
    click_id,
    id_day,
    multiIf(kind < 6, 'install', kind < 8, 'trial', 'subscribe'),
    hex(sipHash64(click_id, which)),
    if(said = 0, 'pending', ['approved', 'approved', 'rejected', 'pending'][1 + luck % 4]),
    toDecimal128(multiIf(kind < 6, '1.2', kind < 8, '4', '9.99'), 8),
    'USD',
    network,
    lower(hex(sipHash128(click_id, which, 'postback'))),
    happened,
    happened,
    happened + said,
    clicked_at, campaign, source, source_click_id, offer, country, device, os, browser, placement, creative,
    source_campaign, keyword, sub1, sub2, is_bot,
    bitShiftLeft(cityHash64(click_id, which) % 1099511627776, 16) + said
FROM clicks
ARRAY JOIN if(cityHash64(click_id, 22) % 23 < 2, [1], if(cityHash64(click_id, 22) % 300 = 2, [1, 2, 3, 4], [])) AS which
ARRAY JOIN if(cityHash64(click_id, 23) % 3 = 0, [0, 1], [1]) AS said
WHERE id_day = {day:Date}
  AND happened < fromUnixTimestamp64Milli({until:Int64})
