-- When the newest click and the newest postback of the last days came. 1970: there is none.
SELECT
    (SELECT max(received_at) FROM clicks WHERE clicked_at >= fromUnixTimestamp64Milli({since:Int64})) AS click,
    (SELECT max(received_at) FROM postbacks WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})) AS postback
