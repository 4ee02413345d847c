-- What the first page shows, of one reading of the clicks and one of the conversions: of clicks (their event is empty) and
-- of each event what the reports `funnel` and `revenue` say of it, by currency. Conversions are the clicks' steps, so
-- those of the asked events and statuses; money is of all events but `lander_click`, earned where it is approved. A row
-- with an amount of nothing says that there was one of that currency (`amounts`).
WITH
    ${RATES}
    amount -> toDecimal128(round(amount, {decimals:UInt8}), {decimals:UInt8}) AS rounded
SELECT
    ${GROUPS}
    event,
    currency,
    sum(came) AS clicks,
    sum(times) AS conversions,
    rounded(sum(c)) AS cost,
    rounded(sum(p)) AS payout,
    sum(priced) AS amounts
FROM
(
    SELECT
        ${GROUPS}
        '' AS event, currency, clicks AS came, 0 AS times, amount AS c, toDecimal256(0, 28) AS p, amounts AS priced
    FROM
    (
        ${CLICK_COSTS}
    )

    UNION ALL

    SELECT
        ${GROUPS}
        event, part.1 AS currency, 0 AS came, part.2 AS times, part.3 AS c, part.4 AS p, part.5 AS priced
    FROM
    (
        WITH
            if({by:String} = 'click', clicked_at, occurred_at) AS dated,
            toTimeZone(dated, {zone:String}) AS at,
            event IN {events:Array(String)} AND status IN {statuses:Array(String)} AND NOT is_refund AS counts,
            event != 'lander_click' AND isNotNull(conversions.payout) AS pays,
            status = 'approved' AND isNotNull(conversions.cost) AS charges,
            assumeNotNull(conversions.payout) * factor_of(conversions.currency, toDate(occurred_at)) AS paid,
            assumeNotNull(conversions.cost) * factor_of(cost_currency, toDate(occurred_at)) AS charged
        SELECT
            ${DIMENSIONS}
            toString(event) AS event,
            [
                (
                    told_in(if(pays, conversions.currency, ''), toDate(occurred_at)),
                    countIf(counts), toDecimal256(0, 28), sumIf(paid, pays AND status = 'approved'), countIf(pays)
                ),
                (
                    told_in(if(charges, cost_currency, ''), toDate(occurred_at)),
                    toUInt64(0), sumIf(charged, charges), toDecimal256(0, 28), countIf(charges)
                )
            ] AS parts
        FROM conversions FINAL
        WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
          AND dated < fromUnixTimestamp64Milli({until:Int64})
          AND (counts OR pays OR charges)
          AND (NOT is_test OR {tests:Bool})${FILTERS}
          AND (NOT is_bot OR {bots:Bool})
        GROUP BY ALL
    )
    ARRAY JOIN parts AS part
)
GROUP BY ALL
