-- What is asked about one click besides: the postback of each conversion, and what its source was told.
INSERT INTO postbacks
(
    postback_id, click_id, event, txid, outcome, network, status, payout, currency, received_at, decided_at, clicked_at,
    campaign, source, offer, conversion_id, version
)
SELECT
    postback_id, click_id, event, txid, if(status = 'pending', 'attributed', 'updated'), network, status, payout,
    currency, received_at, received_at, clicked_at, campaign, source, offer, conversion_id, version
FROM conversions
WHERE id_day = {day:Date};

INSERT INTO deliveries
(
    delivery_id, attempt, state, conversion_id, postback_id, click_id, id_day, event, source, destination, method, url,
    code, took_ms, attempted_at, version
)
SELECT
    lower(hex(sipHash128(conversion_id))), attempt, if(attempt = 0, 'scheduled', 'delivered'), conversion_id,
    postback_id, click_id, id_day, event, source, concat('source/', source), 'GET',
    concat('https://', source, '.example/pb?cid=', source_click_id), attempt * 200, attempt * 90,
    received_at + attempt, version + attempt
FROM conversions
ARRAY JOIN [0, 1] AS attempt
WHERE id_day = {day:Date}
