-- How many kept requests and records name them.
SELECT count()
FROM invalid FINAL
WHERE match(raw, {pattern:String}) OR match(detail, {pattern:String})
