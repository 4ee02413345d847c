-- What is found before a report asks for clicks, so that it need not ask for more than there is: whether bills name days
-- of this time; when `click_days` was made (0: it is not to be read); and which days, by the day in the click ID, are to
-- be read from the rows all the same: those to which clicks were written since then, or ten minutes before, those that
-- the time cuts, and those of clicks forgotten since the day before. It is not to be read where `clicks` has fewer rows
-- than were counted.
WITH
    ifNull((SELECT toUnixTimestamp64Milli(refreshed_at) FROM click_days LIMIT 1), 0) AS last_made,
    ifNull((SELECT of_clicks FROM click_days LIMIT 1), 0) AS counted,
    if((SELECT count() FROM clicks) < counted, 0, last_made) AS made_at,
    fromUnixTimestamp64Milli(made_at) AS refreshed,
    86400000 AS a_day,
    fromUnixTimestamp64Milli(greatest(intDiv({since:Int64} + a_day - 1, a_day), 1) * a_day) AS first_whole,
    fromUnixTimestamp64Milli(least(intDiv({until:Int64}, a_day), 65535) * a_day) AS end_whole
SELECT
    (
        SELECT count() > 0 FROM costs
        WHERE (toInt64(day) + 1) * 86400000 > {since:Int64} AND toInt64(day) * 86400000 < {until:Int64}
    ) AS billed,
    made_at AS refreshed_at,
    toDate(first_whole) AS first_day,
    toDate(end_whole) AS end_day,
    (
        SELECT groupUniqArray(id_day)
        FROM
        (
            SELECT id_day FROM clicks WHERE made_at > 0 AND inserted_at >= refreshed - toIntervalMinute(10)
            UNION ALL
            SELECT id_day FROM clicks
            WHERE made_at > 0
              AND clicked_at >= fromUnixTimestamp64Milli({since:Int64})
              AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
              AND (clicked_at < first_whole OR clicked_at >= end_whole)
            UNION ALL
            SELECT id_day FROM forgotten WHERE made_at > 0 AND forgotten_at >= refreshed - toIntervalDay(1)
        )
    ) AS read_days
