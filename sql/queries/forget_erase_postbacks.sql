-- Erase their postbacks, but for those that came later: they say nothing of the person.
ALTER TABLE postbacks
DELETE WHERE click_id IN {click_ids:Array(String)} AND reason != 'forgotten'
SETTINGS mutations_sync = 2
