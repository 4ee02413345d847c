-- The rows of a table, as they stand now, of a time. Not in any order: so nothing has to be sorted before it is sent.
SELECT * EXCEPT (id_day, version, inserted_at)
FROM {table:Identifier} FINAL
WHERE {moment:Identifier} >= fromUnixTimestamp64Milli({since:Int64})
  AND {moment:Identifier} < fromUnixTimestamp64Milli({until:Int64})
