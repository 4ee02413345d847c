-- The conversions of clicks that a partner may be credited for, by what `partner=` said or by the campaign; without tests.
-- Of those months (UTC) and what was received since; where nothing else is asked for, since ever.
SELECT
    conversion_id, conversions.click_id AS click_id, event, campaign, sub1, status, payout, currency, is_refund,
    received_at, claim
FROM conversions FINAL
ANY LEFT JOIN
(
    SELECT click_id, params['partner'] AS claim
    FROM clicks FINAL
    WHERE (params['partner'] = {partner:String}
           OR startsWith(params['partner'], concat({partner:String}, '.'))
           OR params['partner'] IN {accept:Array(String)})
      AND id_day GLOBAL IN
      (
          SELECT id_day FROM conversions
          WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}) OR toYYYYMM(received_at) IN {months:Array(UInt32)}
      )
) AS claims USING (click_id)
WHERE (claim != '' OR campaign IN {campaigns:Array(String)})
  AND (received_at >= fromUnixTimestamp64Milli({since:Int64}) OR toYYYYMM(received_at) IN {months:Array(UInt32)})
  AND received_at < fromUnixTimestamp64Milli({until:Int64})
  AND event != 'lander_click'
  AND NOT is_test
ORDER BY received_at, conversion_id
