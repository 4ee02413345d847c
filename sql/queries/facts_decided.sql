-- Postbacks of clicks that are decided and made no conversion, of each click the last ones, the latest first.
SELECT click_id, postback_id
FROM postbacks FINAL
WHERE click_id IN {click_ids:Array(String)} AND outcome NOT IN ('waiting', 'orphan', 'attributed')
ORDER BY click_id, version DESC
LIMIT {most:UInt32} BY click_id
