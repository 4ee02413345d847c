-- Input that could not be used, the newest first. An empty parameter asks for nothing.
SELECT invalid_id, received_at, kind, code, detail, raw, network, source, status
FROM invalid FINAL
WHERE received_at >= fromUnixTimestamp64Milli({since:Int64})
  AND received_at < fromUnixTimestamp64Milli({until:Int64})
  AND ({kind:String} = '' OR kind = {kind:String})
  AND ({code:String} = '' OR code = {code:String})
  AND ({id:String} = '' OR invalid_id = {id:String})
  AND ({sender:String} = '' OR network = {sender:String} OR source = {sender:String})
ORDER BY received_at DESC, invalid_id
LIMIT {most:UInt32}
