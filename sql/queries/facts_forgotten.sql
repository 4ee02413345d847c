-- Clicks that were to be forgotten.
SELECT DISTINCT click_id
FROM forgotten
WHERE id_day IN {days:Array(Date)} AND click_id IN {click_ids:Array(String)}
