-- The newest postbacks that were written since a moment, the last one first, each with what became of it. A postback that is written
-- again after a crash may be here twice: whoever reads goes by postback_id and outcome.
SELECT
    postback_id, click_id, event, txid, network, campaign, source, outcome, reason, status, payout, currency, received_at,
    toUnixTimestamp64Milli(inserted_at) AS written
FROM postbacks
WHERE inserted_at > fromUnixTimestamp64Milli({written:Int64})
  AND received_at >= fromUnixTimestamp64Milli({received:Int64})
  AND ({network:String} = '' OR network = {network:String})
  AND ({event:String} = '' OR event = {event:String})
  AND ({outcome:String} = '' OR outcome = {outcome:String})
ORDER BY inserted_at DESC, received_at DESC, postback_id
LIMIT {most:UInt32}
