-- Days that are whole in this time come from `click_days`, unless something may have changed since that was refreshed:
-- the rows of days to which clicks were written since, or ten minutes before, are read (`read_days`, by the day in the
-- click ID), as are those of days that the time cuts, and of clicks forgotten since the day before. All of them are
-- read where bills are to be spread, or where `clicks` has fewer rows than were counted.
WITH
    ifNull((SELECT refreshed_at FROM click_days LIMIT 1), toDateTime64(0, 3, 'UTC')) AS refreshed,
    billed OR (SELECT count() FROM clicks) < ifNull((SELECT of_clicks FROM click_days LIMIT 1), 0) AS read_all,
    86400000 AS a_day,
    fromUnixTimestamp64Milli(greatest(intDiv({since:Int64} + a_day - 1, a_day), 1) * a_day) AS first_whole,
    fromUnixTimestamp64Milli(least(intDiv({until:Int64}, a_day), 65535) * a_day) AS end_whole,
    (
        SELECT groupUniqArray(id_day)
        FROM
        (
            SELECT id_day FROM clicks WHERE inserted_at >= refreshed - toIntervalMinute(10)
            UNION ALL
            SELECT id_day FROM clicks
            WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
              AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
              AND (clicked_at < first_whole OR clicked_at >= end_whole)
            UNION ALL
            SELECT id_day FROM forgotten WHERE forgotten_at >= refreshed - toIntervalDay(1)
            UNION ALL
            SELECT id_day FROM clicks WHERE read_all
        )
    ) AS read_days
SELECT
    ${GROUPS}
    facts, own_currency, rate_day, bill_day, left_out,
    sum(of_rows.n) AS n,
    sum(of_rows.own) AS own,
    sum(of_rows.owns) AS owns,
    min(of_rows.first_click) AS first_click
FROM
(
    ${CLICK_CELLS}

    UNION ALL

    WITH toDateTime64(clicked_on, 3, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        CAST([], 'Array(String)') AS facts,
        toString(click_days.currency) AS own_currency,
        if({into:String} = '', toDate(0), clicked_on) AS rate_day,
        toDate(0) AS bill_day,
        false AS left_out,
        sum(click_days.clicks) AS n,
        toDecimal256(sum(click_days.cost), 8) AS own,
        sum(click_days.costed) AS owns,
        '' AS first_click
    FROM click_days
    WHERE NOT read_all
      AND NOT has(read_days, id_day)
      AND clicked_on >= toDate(first_whole)
      AND clicked_on < toDate(end_whole)
      AND (NOT is_test OR {tests:Bool})${FILTERS}
      AND (NOT is_bot OR {bots:Bool})
    GROUP BY ALL
) AS of_rows
GROUP BY ${GROUPS} facts, own_currency, rate_day, bill_day, left_out
