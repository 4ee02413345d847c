-- The rules of the join, told of sets: what must become of every postback of one partition, without going through the
-- log record by record. It shares nothing with the join but the records. `log` holds what lies in the partition: "offset",
-- appended_at, type, and the fields of the records. What is found is added to the tables of tables.sql.

-- Of a click that is recorded twice the first facts stay.
CREATE OR REPLACE TEMP TABLE click AS
SELECT "offset" AS came, click_id, clicked_at, campaign, source, coalesce(source_click_id, '') AS source_click_id,
    coalesce(offer, '') AS offer, coalesce(country, '') AS country, coalesce(creative, '') AS creative,
    coalesce(may_credit, []) AS may_credit, payouts, coalesce(payout_fixed, false) AS payout_fixed,
    cost, coalesce(currency, '') AS currency, coalesce(params['partner'], '') AS claim
FROM log WHERE type = 'click'
QUALIFY row_number() OVER (PARTITION BY click_id ORDER BY "offset") = 1;

-- A postback whose record is repeated is told once. `until`: when its wait is over, by the log's time.
CREATE OR REPLACE TEMP TABLE told AS
WITH timed AS (
    SELECT *, max(appended_at) OVER (ORDER BY "offset") AS now, max(appended_at) OVER () AS ended FROM log
)
SELECT "offset", now, ended, now + greatest(coalesce(wait_ms, 86400000), 1) AS until, postback_id, click_id, event, network,
    received_at, coalesce(txid, '') AS txid, coalesce(status, 'approved') AS status,
    coalesce(raw_status, '') AS raw_status, payout, coalesce(currency, '') AS currency, occurred_at,
    coalesce(repeat, 'ignore') AS repeat, window_ms, coalesce(payout < 0, false) AS is_refund
FROM timed WHERE type = 'postback'
QUALIFY row_number() OVER (PARTITION BY click_id, postback_id ORDER BY "offset") = 1;

-- Beside its click: what keeps it from being credited, and what the network pays (the offer's payout where the network
-- says none, or where the offer's wins; never for a refund). A hundred wait for a click, whoever comes after them not.
CREATE OR REPLACE TEMP TABLE judged AS
WITH beside AS (
    SELECT told.*, click.came, click.clicked_at, click.may_credit, click.payout_fixed,
        click.payouts[told.event] AS offered, coalesce(told."offset" < click.came, true) AS is_early
    FROM told LEFT JOIN click USING (click_id)
), placed AS (
    SELECT *, is_early AND row_number() OVER (PARTITION BY click_id, is_early ORDER BY "offset") > 100 AS is_beyond
    FROM beside
)
SELECT * EXCLUDE (currency), currency AS said_currency,
    CASE
        WHEN click_id = '' THEN 'no_click_id'
        WHEN is_beyond THEN 'too_many_waiting'
        WHEN came IS NULL THEN 'no_click'
        WHEN may_credit != [] AND network != '' AND NOT list_contains(may_credit, network) THEN 'network_may_not_credit'
    END AS hindrance,
    coalesce(received_at - clicked_at > window_ms, false) AS is_late,
    CASE WHEN repeat = 'new' AND txid != '' THEN network || ' ' || txid END AS which,
    offered IS NOT NULL AND (payout IS NULL OR (payout_fixed AND NOT is_refund)) AS is_offered,
    CASE WHEN is_offered THEN CAST(split_part(offered, ' ', 1) AS DECIMAL(24, 8)) ELSE payout END AS amount,
    CASE WHEN is_offered THEN split_part(offered, ' ', 2) WHEN payout IS NULL THEN '' ELSE currency END AS currency
FROM placed;

-- A conversion is made by the first of those who speak of it that is in time. Its name is the offset of that one. A
-- thousand of them to a click.
CREATE OR REPLACE TEMP TABLE held AS
WITH owned AS (
    SELECT *, min("offset") FILTER (NOT is_late) OVER (PARTITION BY click_id, event, is_refund, which) AS conversion
    FROM judged WHERE hindrance IS NULL
)
SELECT *, conversion IS NOT NULL AND "offset" >= conversion
    AND dense_rank() OVER (PARTITION BY click_id ORDER BY conversion NULLS LAST) <= 1000 AS is_held
FROM owned;

CREATE OR REPLACE TEMP TABLE step AS
SELECT *, row_number() OVER (PARTITION BY conversion ORDER BY "offset") AS place FROM held WHERE is_held;

-- From one step of a conversion to the next: what it says after it. All conversions take a step at once.
CREATE OR REPLACE TEMP TABLE history AS
WITH RECURSIVE history AS (
    SELECT conversion, place, postback_id, 'attributed' AS outcome, '' AS reason, '' AS previous_status, txid, status,
        raw_status, amount, currency, occurred_at AS status_at, received_at AS status_received_at
    FROM step WHERE place = 1
    UNION ALL
    SELECT conversion, place, postback_id,
        CASE word WHEN 'updated' THEN 'updated' ELSE 'duplicate' END,
        CASE word WHEN 'updated' THEN '' ELSE word END,
        CASE word WHEN 'updated' THEN was.status ELSE '' END,
        CASE WHEN counts AND was.txid = '' THEN txid ELSE was.txid END,
        CASE WHEN counts THEN status ELSE was.status END,
        CASE WHEN counts THEN raw_status ELSE was.raw_status END,
        CASE WHEN counts THEN new_amount ELSE was.amount END,
        CASE WHEN counts THEN new_currency ELSE was.currency END,
        CASE WHEN counts THEN occurred_at ELSE was.status_at END,
        CASE WHEN counts THEN received_at ELSE was.status_received_at END
    FROM (
        SELECT step.conversion, step.place, step.postback_id, step.txid, step.status, step.raw_status, step.occurred_at,
            step.received_at, was,
            CASE WHEN step.payout IS NULL THEN was.amount ELSE step.amount END AS new_amount,
            CASE WHEN step.payout IS NULL THEN was.currency ELSE step.currency END AS new_currency,
            CASE
                WHEN step.repeat = 'ignore' AND was.txid != '' AND step.txid != '' AND was.txid != step.txid
                    THEN 'repeat_ignored'
                -- the network's own times, if both have one and they differ; else when we received them
                WHEN CASE WHEN was.status_at != step.occurred_at THEN step.occurred_at < was.status_at
                    ELSE step.received_at < was.status_received_at END THEN 'older'
                WHEN step.status = was.status AND new_amount IS NOT DISTINCT FROM was.amount
                    AND new_currency = was.currency THEN 'same'
                ELSE 'updated'
            END AS word,
            word IN ('same', 'updated') AS counts
        FROM history AS was JOIN step ON step.conversion = was.conversion AND step.place = was.place + 1
    )
)
SELECT * FROM history;

INSERT INTO clicks
SELECT click_id, clicked_at, campaign, source, source_click_id, offer, country, creative, cost, currency, claim
FROM click;

-- A postback that waits says so until its wait is over. It says `cold` where the day in its click ID is long past.
INSERT INTO postbacks
WITH words AS (
    SELECT "offset", outcome, reason, previous_status, maker.postback_id AS maker
    FROM history JOIN (SELECT "offset", postback_id, conversion FROM step) AS one USING (conversion, postback_id)
    JOIN (SELECT conversion, postback_id FROM step WHERE place = 1) AS maker USING (conversion)
    UNION ALL
    SELECT "offset", CASE WHEN is_late THEN 'late' ELSE 'unattributed' END,
        CASE WHEN is_late THEN 'outside_window' ELSE 'too_many_conversions' END, '', ''
    FROM held WHERE NOT is_held
    UNION ALL
    SELECT "offset",
        CASE WHEN hindrance != 'no_click' THEN 'unattributed'
            WHEN until <= ended THEN 'orphan' ELSE 'waiting' END AS outcome,
        CASE WHEN outcome = 'waiting' AND minted_at(click_id) // 86400000 <= now // 86400000 - 7 THEN 'cold'
            ELSE hindrance END, '', ''
    FROM judged WHERE hindrance IS NOT NULL
)
SELECT postback_id, click_id, event, txid, outcome, reason,
    CASE outcome WHEN 'duplicate' THEN maker ELSE '' END, previous_status, network, status, raw_status, payout,
    said_currency, received_at, occurred_at,
    CASE WHEN is_credited THEN click.clicked_at END, CASE WHEN is_credited THEN campaign ELSE '' END,
    CASE WHEN is_credited THEN source ELSE '' END, CASE WHEN is_credited THEN offer ELSE '' END,
    CASE WHEN is_credited THEN maker ELSE '' END
FROM (SELECT *, outcome IN ('attributed', 'updated') AS is_credited FROM judged JOIN words USING ("offset")) AS judged
LEFT JOIN click USING (click_id);

-- As it stood when it was changed last.
INSERT INTO conversions
SELECT first.postback_id, click_id, first.event, last.txid, last.status, last.raw_status, last.amount, last.currency,
    coalesce(last.amount < 0, false), first.network, coalesce(first.occurred_at, first.received_at), first.received_at,
    last.status_at, last.status_received_at, click.clicked_at, campaign, source, source_click_id, offer, country,
    creative
FROM (SELECT * FROM step WHERE place = 1) AS first
JOIN (
    SELECT * FROM history WHERE outcome IN ('attributed', 'updated')
    QUALIFY row_number() OVER (PARTITION BY conversion ORDER BY place DESC) = 1
) AS last USING (conversion)
JOIN click USING (click_id);
