-- Of the clicks of the last time, and of those of the time before, how many reached an event soon enough. Whatever became
-- of it: what was rejected since would tell the old from the new. Clicks that have not had their time are left out.
SELECT
    ${GROUPS}
    countIf(is_late AND has_reached) AS reached,
    countIf(is_late) AS clicks,
    countIf(NOT is_late AND has_reached) AS reached_before,
    countIf(NOT is_late) AS clicks_before
FROM
(
    SELECT
        ${GROUPS}
        clicked_at >= fromUnixTimestamp64Milli({turn:Int64}) AS is_late,
        click_id GLOBAL IN
        (
            SELECT click_id
            FROM conversions FINAL
            WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
              AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
              AND event = {event:String}
              AND NOT is_refund
              AND NOT is_test
              AND toUnixTimestamp64Milli(occurred_at) - toUnixTimestamp64Milli(clicked_at) < {within:Int64}
        ) AS has_reached
    FROM clicks FINAL
    WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})
      AND clicked_at < fromUnixTimestamp64Milli({until:Int64})
      AND NOT is_test
      AND NOT is_bot${FILTERS}
)
GROUP BY ALL
