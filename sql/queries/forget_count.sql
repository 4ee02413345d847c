-- How many rows a table has of these clicks.
SELECT count()
FROM {table:Identifier} FINAL
WHERE id_day IN {days:Array(Date)} AND click_id IN {click_ids:Array(String)}
