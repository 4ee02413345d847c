-- Views for people who bring their own tool: no FINAL to forget, every column with its meaning. They hold no data, so
-- they are as exact as the tables. Filters on `day` and on clicked_at, received_at or attempted_at reach the tables.

CREATE VIEW IF NOT EXISTS clicks_latest ${ON_CLUSTER}
(
    day             Date COMMENT 'The day of the click (UTC)',
    click_id        String COMMENT 'Our ID of the click, or SOURCE:ID where the source brought its own; the join key',
    clicked_at      DateTime64(3, 'UTC') COMMENT 'When the visit happened',
    received_at     DateTime64(3, 'UTC') COMMENT 'When we recorded it',
    campaign        LowCardinality(String) COMMENT 'The campaign it came to',
    source          LowCardinality(String) COMMENT 'The traffic source that sold it',
    source_click_id String COMMENT 'The source''s own ID of the click, byte for byte',
    offer           LowCardinality(String) COMMENT 'The offer it was sent to; empty: none yet',
    network         LowCardinality(String) COMMENT 'The network of that offer',
    may_credit      Array(LowCardinality(String)) COMMENT 'Networks that may credit this click; empty: any',
    payouts         Map(LowCardinality(String), String) COMMENT 'By event what the offer pays where the network names no amount: 1.20 USD',
    payout_fixed    Bool COMMENT 'The offer''s payout wins over the network''s',
    country         LowCardinality(String) COMMENT 'ISO 3166 code; empty: unknown',
    device          LowCardinality(String) COMMENT 'Kind of device; empty: unknown',
    os              LowCardinality(String) COMMENT 'Operating system; empty: unknown',
    browser         LowCardinality(String) COMMENT 'Browser; empty: unknown',
    placement       String COMMENT 'The source''s word for the place of the ad',
    creative        String COMMENT 'The source''s word for the ad itself',
    source_campaign String COMMENT 'The source''s own campaign',
    keyword         String COMMENT 'The keyword the source matched',
    sub1            String COMMENT 'Free label 1',
    sub2            String COMMENT 'Free label 2',
    sub3            String COMMENT 'Free label 3',
    sub4            String COMMENT 'Free label 4',
    sub5            String COMMENT 'Free label 5',
    sub6            String COMMENT 'Free label 6',
    sub7            String COMMENT 'Free label 7',
    sub8            String COMMENT 'Free label 8',
    sub9            String COMMENT 'Free label 9',
    sub10           String COMMENT 'Free label 10',
    params          Map(String, String) COMMENT 'Whatever else the source sent',
    cost            Nullable(Decimal(24, 8)) COMMENT 'What the click cost us; NULL: not known',
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of cost; empty where there is none',
    ip              String COMMENT 'The visitor''s address',
    user_agent      String COMMENT 'The visitor''s User-Agent header',
    is_bot          Bool COMMENT 'Looks like a robot',
    is_test         Bool COMMENT 'Marked as a test',
    origin          LowCardinality(String) COMMENT 'Empty: live; import or replay otherwise'
)
AS SELECT
    toDate(clicked_at) AS day, click_id, clicked_at, received_at, campaign, source, source_click_id, offer,
    network, may_credit, payouts, payout_fixed, country, device, os, browser, placement, creative,
    source_campaign, keyword, sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10, params, cost,
    currency, ip, user_agent, is_bot, is_test, origin
FROM clicks FINAL
COMMENT 'One row per visit that was recorded.';

CREATE VIEW IF NOT EXISTS conversions_latest ${ON_CLUSTER}
(
    day                Date COMMENT 'The day of the click (UTC)',
    conversion_id      String COMMENT 'Derived from click, event, network and transaction',
    click_id           String COMMENT 'The click it is credited to',
    event              LowCardinality(String) COMMENT 'The funnel step',
    txid               String COMMENT 'The network''s ID of the conversion',
    status             LowCardinality(String) COMMENT 'pending, approved or rejected, as it stands now',
    raw_status         LowCardinality(String) COMMENT 'The network''s own word for the status',
    payout             Nullable(Decimal(24, 8)) COMMENT 'What the network pays us for it (negative: a refund); NULL: not known',
    currency           LowCardinality(String) COMMENT 'ISO 4217 code of payout; empty where there is none',
    is_refund          Bool COMMENT 'Takes a payout back: counts in sums, not as a step',
    network            LowCardinality(String) COMMENT 'The network that reported it',
    postback_id        String COMMENT 'The postback that made it',
    occurred_at        DateTime64(3, 'UTC') COMMENT 'When it happened: the network''s time, else when we received it',
    received_at        DateTime64(3, 'UTC') COMMENT 'When we received its first postback',
    status_at          Nullable(DateTime64(3, 'UTC')) COMMENT 'The network''s time of the last change; NULL: it gave none',
    status_received_at DateTime64(3, 'UTC') COMMENT 'When we received the last change',
    clicked_at         DateTime64(3, 'UTC') COMMENT 'When the click happened',
    campaign           LowCardinality(String) COMMENT 'The click''s campaign',
    source             LowCardinality(String) COMMENT 'The click''s traffic source',
    source_click_id    String COMMENT 'The source''s own ID of the click',
    offer              LowCardinality(String) COMMENT 'The click''s offer',
    country            LowCardinality(String) COMMENT 'The click''s country',
    device             LowCardinality(String) COMMENT 'The click''s device',
    os                 LowCardinality(String) COMMENT 'The click''s operating system',
    browser            LowCardinality(String) COMMENT 'The click''s browser',
    placement          String COMMENT 'The click''s placement',
    creative           String COMMENT 'The click''s creative',
    source_campaign    String COMMENT 'The click''s campaign in the source''s words',
    keyword            String COMMENT 'The click''s keyword',
    sub1               String COMMENT 'The click''s free label 1',
    sub2               String COMMENT 'The click''s free label 2',
    sub3               String COMMENT 'The click''s free label 3',
    sub4               String COMMENT 'The click''s free label 4',
    sub5               String COMMENT 'The click''s free label 5',
    sub6               String COMMENT 'The click''s free label 6',
    sub7               String COMMENT 'The click''s free label 7',
    sub8               String COMMENT 'The click''s free label 8',
    sub9               String COMMENT 'The click''s free label 9',
    sub10              String COMMENT 'The click''s free label 10',
    is_bot             Bool COMMENT 'The click looks like a robot''s',
    is_test            Bool COMMENT 'The postback or its click is marked as a test',
    origin             LowCardinality(String) COMMENT 'Of the last postback. Empty: live; import or replay otherwise'
)
AS SELECT
    toDate(clicked_at) AS day, conversion_id, click_id, event, txid, status, raw_status, payout, currency,
    is_refund, network, postback_id, occurred_at, received_at, status_at, status_received_at, clicked_at,
    campaign, source, source_click_id, offer, country, device, os, browser, placement, creative,
    source_campaign, keyword, sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10, is_bot, is_test,
    origin
FROM conversions FINAL
COMMENT 'One row per event credited to a click, with its latest status.';

CREATE VIEW IF NOT EXISTS postbacks_latest ${ON_CLUSTER}
(
    day             Date COMMENT 'The day it was received (UTC)',
    postback_id     String COMMENT 'Our ID of the postback',
    click_id        String COMMENT 'The click it names; empty: a user whom no click brought',
    event           LowCardinality(String) COMMENT 'The funnel step it reports, in our word',
    txid            String COMMENT 'The network''s ID of the conversion; lets an event repeat',
    outcome         LowCardinality(String) COMMENT 'attributed, updated, duplicate, waiting, late, orphan or unattributed',
    reason          LowCardinality(String) COMMENT 'Why that outcome, where there is more to say',
    repeats         String COMMENT 'Of a duplicate: the postback_id that it repeats',
    previous_status LowCardinality(String) COMMENT 'Of an update: the status before',
    network         LowCardinality(String) COMMENT 'Who sent it',
    status          LowCardinality(String) COMMENT 'pending, approved or rejected',
    raw_status      LowCardinality(String) COMMENT 'The network''s own word for the status',
    payout          Nullable(Decimal(24, 8)) COMMENT 'What the network pays us for it; NULL: it did not say',
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of payout; empty where there is none',
    received_at     DateTime64(3, 'UTC') COMMENT 'When we received it',
    occurred_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'The network''s own time of the event; NULL: it gave none',
    decided_at      DateTime64(3, 'UTC') COMMENT 'The log''s time when this outcome was decided',
    clicked_at      Nullable(DateTime64(3, 'UTC')) COMMENT 'When the click happened; NULL: no click known',
    campaign        LowCardinality(String) COMMENT 'The click''s campaign; empty: no click known',
    source          LowCardinality(String) COMMENT 'The click''s traffic source; empty: no click known',
    offer           LowCardinality(String) COMMENT 'The click''s offer; empty: no click known',
    conversion_id   String COMMENT 'The conversion it made or changed; empty: none',
    params          Map(String, String) COMMENT 'Whatever else the network sent',
    is_test         Bool COMMENT 'Marked as a test',
    origin          LowCardinality(String) COMMENT 'Empty: live; import or replay otherwise'
)
AS SELECT
    toDate(received_at) AS day, postback_id, click_id, event, txid, outcome, reason, repeats, previous_status,
    network, status, raw_status, payout, currency, received_at, occurred_at, decided_at, clicked_at, campaign,
    source, offer, conversion_id, params, is_test, origin
FROM postbacks FINAL
COMMENT 'One row per postback that was received, with its outcome.';

CREATE VIEW IF NOT EXISTS invalid_latest ${ON_CLUSTER}
(
    day         Date COMMENT 'The day it was received (UTC)',
    invalid_id  String COMMENT 'Our ID of the input; derived for what lay on a topic',
    received_at DateTime64(3, 'UTC') COMMENT 'When it was received',
    kind        LowCardinality(String) COMMENT 'click, postback, record (bytes on a topic) or row (refused by ClickHouse)',
    code        LowCardinality(String) COMMENT 'The reason, a closed word',
    detail      String COMMENT 'The reason in words: where, what, and what would be right',
    raw         String COMMENT 'The input as it came; base64 where it is no UTF-8',
    network     LowCardinality(String) COMMENT 'Of a postback: the network it was sent for',
    source      LowCardinality(String) COMMENT 'Of a click: the source it was sent for',
    status      UInt16 COMMENT 'The HTTP status it was answered with; 0: it did not come by HTTP'
)
AS SELECT
    toDate(received_at) AS day, invalid_id, received_at, kind, code, detail, raw, network, source, status
FROM invalid FINAL
COMMENT 'Input that could not be used, with its reason.';

CREATE VIEW IF NOT EXISTS deliveries_latest ${ON_CLUSTER}
(
    delivery_id     String COMMENT 'Derived from postback, conversion and destination',
    attempts        UInt32 COMMENT 'Attempts that were made',
    state           LowCardinality(String) COMMENT 'Where it stands: scheduled, held, not_sendable, retry, delivered, failed, cancelled or expired',
    conversion_id   String COMMENT 'The conversion that is told',
    postback_id     String COMMENT 'The postback that caused it',
    click_id        String COMMENT 'The click of the conversion',
    event           LowCardinality(String) COMMENT 'The funnel step that is told',
    source          LowCardinality(String) COMMENT 'The click''s traffic source',
    destination     LowCardinality(String) COMMENT 'Who is told, by its configured name',
    code            UInt16 COMMENT 'HTTP status of the answer; 0: no answer',
    reason          String COMMENT 'Why this state, where there is more to say',
    last_step_at    DateTime64(3, 'UTC') COMMENT 'When its last step was taken',
    next_attempt_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it is tried again; NULL: not'
)
AS SELECT
    delivery_id,
    max(attempt) AS attempts,
    argMax(deliveries.state, step) AS state,
    argMax(deliveries.conversion_id, step) AS conversion_id,
    argMax(deliveries.postback_id, step) AS postback_id,
    argMax(deliveries.click_id, step) AS click_id,
    argMax(deliveries.event, step) AS event,
    argMax(deliveries.source, step) AS source,
    argMax(deliveries.destination, step) AS destination,
    argMax(deliveries.code, step) AS code,
    argMax(deliveries.reason, step) AS reason,
    argMax(deliveries.attempted_at, step) AS last_step_at,
    argMax(tuple(deliveries.next_attempt_at), step).1 AS next_attempt_at
FROM (SELECT *, version AS step FROM deliveries FINAL) AS deliveries
GROUP BY delivery_id
COMMENT 'One row per source postback, as it stands: its last step.';

CREATE VIEW IF NOT EXISTS performance ${ON_CLUSTER}
(
    day         Date COMMENT 'The day of the click (UTC)',
    campaign    LowCardinality(String) COMMENT 'The click''s campaign',
    source      LowCardinality(String) COMMENT 'The click''s traffic source',
    offer       LowCardinality(String) COMMENT 'The click''s offer',
    country     LowCardinality(String) COMMENT 'The click''s country',
    device      LowCardinality(String) COMMENT 'The click''s device',
    placement   String COMMENT 'The click''s placement',
    creative    String COMMENT 'The click''s creative',
    currency    LowCardinality(String) COMMENT 'ISO 4217 code of the amounts; empty: rows without any',
    clicks      UInt64 COMMENT 'Clicks, in the row of the currency of their cost',
    conversions UInt64 COMMENT 'Conversions that are not rejected, no refunds, in the row of the currency of their payout',
    cost        Decimal(38, 8) COMMENT 'What the clicks cost us',
    pending     Decimal(38, 8) COMMENT 'Payout that is not decided, refunds taken off',
    approved    Decimal(38, 8) COMMENT 'Payout that is approved, refunds taken off',
    rejected    Decimal(38, 8) COMMENT 'Payout that was refused',
    profit      Decimal(38, 8) COMMENT 'Approved payout less cost, in this currency'
)
AS SELECT
    day, campaign, source, offer, country, device, placement, creative, currency,
    sum(came) AS clicks,
    sum(happened) AS conversions,
    sum(spent) AS cost,
    sum(open) AS pending,
    sum(granted) AS approved,
    sum(refused) AS rejected,
    approved - cost AS profit
FROM
(
    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        currency,
        count() AS came,
        0 AS happened,
        ifNull(sum(clicks.cost), 0) AS spent,
        toDecimal128(0, 8) AS open,
        toDecimal128(0, 8) AS granted,
        toDecimal128(0, 8) AS refused
    FROM clicks FINAL
    WHERE NOT is_test AND NOT is_bot
    GROUP BY ALL

    UNION ALL

    SELECT
        toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
        currency,
        0 AS came,
        countIf(status != 'rejected' AND NOT is_refund) AS happened,
        toDecimal128(0, 8) AS spent,
        ifNull(sumIf(payout, status = 'pending'), 0) AS open,
        ifNull(sumIf(payout, status = 'approved'), 0) AS granted,
        ifNull(sumIf(payout, status = 'rejected'), 0) AS refused
    FROM conversions FINAL
    WHERE NOT is_test AND NOT is_bot
    GROUP BY ALL
)
GROUP BY day, campaign, source, offer, country, device, placement, creative, currency
COMMENT 'What clicks cost and bring, by the day and the facts of the click; without tests and bots. Never add up amounts of two currencies.';

CREATE VIEW IF NOT EXISTS funnel ${ON_CLUSTER}
(
    day         Date COMMENT 'The day of the click (UTC)',
    campaign    LowCardinality(String) COMMENT 'The click''s campaign',
    source      LowCardinality(String) COMMENT 'The click''s traffic source',
    offer       LowCardinality(String) COMMENT 'The click''s offer',
    country     LowCardinality(String) COMMENT 'The click''s country',
    device      LowCardinality(String) COMMENT 'The click''s device',
    placement   String COMMENT 'The click''s placement',
    creative    String COMMENT 'The click''s creative',
    event       LowCardinality(String) COMMENT 'The step: click, or the event by its name',
    clicks      UInt64 COMMENT 'Clicks that reached it, each once; they may be added up over days and facts, but not over events',
    conversions UInt64 COMMENT 'How often it happened: an event may repeat'
)
AS SELECT
    toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
    'click' AS event,
    count() AS clicks,
    count() AS conversions
FROM clicks FINAL
WHERE NOT is_test AND NOT is_bot
GROUP BY ALL

UNION ALL

SELECT
    toDate(clicked_at) AS day, campaign, source, offer, country, device, placement, creative,
    event,
    uniqExact(click_id) AS clicks,
    count() AS conversions
FROM conversions FINAL
WHERE status != 'rejected' AND NOT is_refund AND NOT is_test AND NOT is_bot
GROUP BY ALL
COMMENT 'How many clicks reached each step, by the day and the facts of the click; without rejected conversions, refunds, tests and bots.';
