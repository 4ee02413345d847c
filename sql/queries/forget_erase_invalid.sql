-- Erase them.
ALTER TABLE invalid
DELETE WHERE match(raw, {pattern:String}) OR match(detail, {pattern:String})
SETTINGS mutations_sync = 2
