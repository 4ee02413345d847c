-- Clicks of a campaign by offer, segment and age. Ages are counted in steps that double: 0 is less than a minute, 1 less
-- than three, 2 less than seven.
SELECT
    offer,
    CAST([${SEGMENT}], 'Array(String)') AS segment,
    toUInt8(floor(log2(greatest({now:Int64} - toUnixTimestamp64Milli(clicked_at), 0) / 60000 + 1))) AS age,
    count() AS times
FROM clicks FINAL
WHERE campaign = {campaign:String}
  AND clicked_at >= fromUnixTimestamp64Milli({since:Int64})
  AND NOT is_bot
  AND NOT is_test
GROUP BY offer, segment, age
