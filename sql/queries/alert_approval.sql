-- Of the conversions that were decided lately, and of those decided in the time before, how many were approved.
SELECT
    ${GROUPS}
    countIf(is_late AND status = 'approved') AS approved,
    countIf(is_late) AS decided,
    countIf(NOT is_late AND status = 'approved') AS approved_before,
    countIf(NOT is_late) AS decided_before
FROM
(
    SELECT
        ${GROUPS}
        status,
        status_received_at >= fromUnixTimestamp64Milli({turn:Int64}) AS is_late
    FROM conversions FINAL
    WHERE status_received_at >= fromUnixTimestamp64Milli({since:Int64})
      AND status_received_at < fromUnixTimestamp64Milli({until:Int64})
      AND status IN ('approved', 'rejected')
      AND event != 'lander_click'
      AND NOT is_refund
      AND NOT is_test
      AND NOT is_bot${FILTERS}
)
GROUP BY ALL
