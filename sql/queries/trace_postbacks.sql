-- Every postback received for a click, with what became of it, in the order they came.
SELECT * EXCEPT (version, inserted_at)
FROM postbacks FINAL
PREWHERE click_id = {click_id:String}
ORDER BY received_at, postback_id
