-- How many conversions there are of each event, whatever their status.
SELECT event, count() AS conversions
FROM conversions FINAL
GROUP BY event
ORDER BY event
