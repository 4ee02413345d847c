-- Erase every version of them from the disk, not only from what is read.
ALTER TABLE {table:Identifier}
DELETE WHERE id_day IN {days:Array(Date)} AND click_id IN {click_ids:Array(String)}
SETTINGS mutations_sync = 2
