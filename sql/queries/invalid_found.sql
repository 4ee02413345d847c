-- Requests that could not be used for one reason, the oldest first, from behind the last that was seen.
SELECT invalid_id, toUnixTimestamp64Milli(received_at) AS received_ms, kind, code, detail, raw, network, source, status
FROM invalid FINAL
WHERE code = {code:String}
  AND kind IN ('postback', 'click', 'pixel', 'out', 't')
  AND ({network:String} = '' OR network = {network:String})
  AND received_at >= fromUnixTimestamp64Milli({since:Int64})
  AND (received_ms, invalid_id) > ({seen_ms:Int64}, {seen_id:String})
ORDER BY received_ms, invalid_id
LIMIT {most:UInt32}
