-- Clicks that were forgotten some minutes ago and are in the tables all the same: recorded again, or read again from a log.
WITH old AS
(
    SELECT id_day, click_id FROM forgotten WHERE forgotten_at < now64(3) - INTERVAL {minutes:UInt32} MINUTE
)
SELECT DISTINCT click_id
FROM
(
    SELECT click_id FROM clicks WHERE (id_day, click_id) IN (SELECT id_day, click_id FROM old)
    UNION ALL
    SELECT click_id FROM conversions WHERE (id_day, click_id) IN (SELECT id_day, click_id FROM old)
    UNION ALL
    SELECT click_id FROM deliveries WHERE (id_day, click_id) IN (SELECT id_day, click_id FROM old)
    UNION ALL
    SELECT click_id FROM postbacks WHERE click_id IN (SELECT click_id FROM old) AND reason != 'forgotten'
)
LIMIT {most:UInt32}
