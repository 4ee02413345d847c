-- The steps in their order: of each click those that it reached so.
AND (click_id, indexOf({events:Array(String)}, event)) GLOBAL IN
(
    SELECT click_id, arrayJoin(range(1, toUInt64(reached) + 1))
    FROM
    (
        WITH if({by:String} = 'click', clicked_at, occurred_at) AS dated
        SELECT
            click_id,
            groupArray((
                toInt64(indexOf({events:Array(String)}, event)),
                toUnixTimestamp64Milli(occurred_at))) AS seen,
            arrayFold(
                (last, step) -> if(
                    last.1 = step - 1 AND arrayExists(one -> one.1 = step AND one.2 >= last.2, seen),
                    (step, arrayMin(arrayMap(
                        one -> one.2,
                        arrayFilter(one -> one.1 = step AND one.2 >= last.2, seen)))),
                    last),
                range(toInt64(1), toInt64(length({events:Array(String)})) + 1),
                (toInt64(0), toUnixTimestamp64Milli(min(clicked_at)))).1 AS reached
        FROM conversions FINAL
        WHERE dated >= fromUnixTimestamp64Milli({since:Int64})
          AND dated < fromUnixTimestamp64Milli({until:Int64})
          AND event IN {events:Array(String)}
          AND status IN {statuses:Array(String)}
          AND NOT is_refund
          AND (NOT is_test OR {tests:Bool})${FILTERS}
          AND (NOT is_bot OR {bots:Bool})
        GROUP BY click_id
    )
)
