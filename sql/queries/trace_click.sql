-- The click itself: its first facts.
SELECT * EXCEPT (id_day, version, inserted_at)
FROM clicks FINAL
PREWHERE id_day = {id_day:Date} AND click_id = {click_id:String}
