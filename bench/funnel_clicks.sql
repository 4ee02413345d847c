-- Clicks of a time, the number-th at its share of the span. Skew: of a thousand campaigns the first tenth has almost half
-- of the traffic (the cube of an even chance), countries, placements, creatives and browsers likewise.
INSERT INTO clicks
(
    click_id, id_day, clicked_at, received_at, campaign, source, source_click_id, offer, network, country, device, os,
    browser, placement, creative, source_campaign, keyword, sub1, sub2, cost, currency, ip, user_agent, is_bot, version,
    inserted_at
)
WITH
    toInt64({began:Int64} + number * {span:Int64} / {clicks:UInt64}) AS ms,
    concat(leftPad(hex(ms), 12, '0'), substring(hex(sipHash128(number)), 1, 28)) AS bytes,
    translate(base32Encode(unhex(bytes)), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', '0123456789abcdefghijklmnopqrstuv') AS id,
    salt -> cityHash64(number, salt) / 18446744073709551616. AS chance,
    (most, salt) -> toUInt32(most * chance(salt) * chance(salt) * chance(salt)) AS skewed,
    skewed(1000, 1) AS which
SELECT
    id,
    toDate(fromUnixTimestamp64Milli(ms, 'UTC')),
    fromUnixTimestamp64Milli(ms, 'UTC'),
    fromUnixTimestamp64Milli(ms + 2, 'UTC'),
    concat('campaign-', toString(which)),
    concat('source-', toString(which % 30)),
    hex(sipHash128(number, 'source')),
    concat('offer-', toString(which % 200)),
    concat('network-', toString(which % 40)),
    ['US','DE','BR','IN','FR','GB','ID','MX','ES','IT','TR','PL','VN','TH','PH','CA','AU','NL','JP','KR'][1 + skewed(20, 2)],
    ['phone', 'desktop', 'tablet'][1 + skewed(3, 3)],
    ['android', 'ios', 'windows', 'macos'][1 + skewed(4, 4)],
    ['chrome', 'safari', 'firefox', 'edge', 'samsung'][1 + skewed(5, 5)],
    concat('zone-', toString(skewed(50000, 6))),
    concat('banner-', toString(which), '-', toString(skewed(20, 7))),
    toString(which * 17 + 100000),
    concat('keyword ', toString(skewed(5000, 8))),
    concat('site-', toString(skewed(10000, 9))),
    toString(skewed(100, 10)),
    toDecimal128(4 + cityHash64(number, 11) % 500, 8) / 10000,
    if(which % 10 = 0, 'EUR', 'USD'),
    arrayStringConcat(arrayMap(part -> toString(cityHash64(number, 12, part) % 256), [1, 2, 3, 4]), '.'),
    concat('Mozilla/5.0 (Linux; Android ', toString(10 + skewed(6, 16)),
           '; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/', toString(110 + skewed(40, 17)),
           '.0.0.0 Mobile Safari/537.36'),
    cityHash64(number, 18) % 33 = 0,
    18446744073709551615 - bitShiftLeft(number, 16),
    if({now:Bool}, now64(3, 'UTC'), fromUnixTimestamp64Milli(ms + 400, 'UTC'))
FROM numbers({first:UInt64}, {many:UInt64})
