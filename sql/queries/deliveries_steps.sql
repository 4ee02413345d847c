-- Every step of one source postback, in the order they were taken.
SELECT * EXCEPT (id_day, version, inserted_at)
FROM deliveries FINAL
WHERE delivery_id = {delivery_id:String}
ORDER BY version
