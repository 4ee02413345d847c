-- The clicks that an ID leads to: our own, the source's, a transaction's, a postback's, a conversion's or a delivery's.
SELECT DISTINCT click_id
FROM
(
    SELECT click_id FROM clicks WHERE click_id = {id:String} OR source_click_id = {id:String} LIMIT {most:UInt32}
    UNION ALL
    SELECT click_id FROM postbacks WHERE postback_id = {id:String} OR txid = {id:String} OR click_id = {id:String} LIMIT {most:UInt32}
    UNION ALL
    SELECT click_id FROM conversions WHERE conversion_id = {id:String} OR txid = {id:String} LIMIT {most:UInt32}
    UNION ALL
    SELECT click_id FROM deliveries WHERE delivery_id = {id:String} LIMIT {most:UInt32}
)
WHERE click_id != ''
ORDER BY click_id
LIMIT {most:UInt32}
