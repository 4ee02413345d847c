-- What is found before a report asks for clicks that `click_days` cannot tell it of: whether bills name days of this time.
SELECT count() > 0 AS billed FROM costs
WHERE (toInt64(day) + 1) * 86400000 > {since:Int64} AND toInt64(day) * 86400000 < {until:Int64}
