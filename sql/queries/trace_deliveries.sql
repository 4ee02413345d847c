-- Every step of every source postback about a click, in the order they were taken.
SELECT * EXCEPT (click_id, id_day, version, inserted_at)
FROM deliveries FINAL
PREWHERE id_day = {id_day:Date} AND click_id = {click_id:String}
ORDER BY attempted_at, version, delivery_id, attempt
