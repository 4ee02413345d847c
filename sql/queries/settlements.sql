-- What was settled with a partner; with all of them where none is named.
SELECT partner, month, settlement_id, settled_at, reference, lines, totals
FROM settlements FINAL
WHERE {partner:String} = '' OR partner = {partner:String}
ORDER BY partner, month
