-- Conversions that were said again with nothing new in it: what was said last counts, but changed no row of theirs.
SELECT
    click_id,
    repeats,
    max(version) AS said_at,
    argMinIf(txid, version, txid != '') AS first_txid,
    argMax(raw_status, version) AS last_raw_status,
    argMax(tuple(toUnixTimestamp64Milli(occurred_at)), version).1 AS last_status_at,
    argMax(toUnixTimestamp64Milli(received_at), version) AS last_status_received_at
FROM postbacks FINAL
WHERE click_id IN {click_ids:Array(String)} AND outcome = 'duplicate' AND reason = 'same'
GROUP BY click_id, repeats
