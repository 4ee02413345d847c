-- How many postbacks these clicks had before they were forgotten.
SELECT count()
FROM postbacks FINAL
WHERE click_id IN {click_ids:Array(String)} AND reason != 'forgotten'
