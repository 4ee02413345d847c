-- Days that are whole in this time come from `click_days`, the others from the rows (`read_days`); from them come all
-- where `click_days` is not the one by which those were found.
WITH ifNull((SELECT toUnixTimestamp64Milli(refreshed_at) FROM click_days LIMIT 1), 0) = {refreshed_at:Int64} AS holds
SELECT *
FROM
(
    ${OWN_CELLS}

    UNION ALL

    WITH toDateTime64(clicked_on, 3, {zone:String}) AS at
    SELECT
        ${DIMENSIONS}
        toString(click_days.currency) AS own_currency,
        if({into:String} = '', toDate(0), clicked_on) AS rate_day,
        sum(click_days.clicks) AS n,
        toDecimal256(sum(click_days.cost), 8) AS own,
        sum(click_days.costed) AS owns
    FROM click_days
    WHERE holds
      AND NOT has({read_days:Array(Date)}, id_day)
      AND clicked_on >= {first_day:Date}
      AND clicked_on < {end_day:Date}
      AND (NOT is_test OR {tests:Bool})${FILTERS}
      AND (NOT is_bot OR {bots:Bool})
    GROUP BY ALL
)
