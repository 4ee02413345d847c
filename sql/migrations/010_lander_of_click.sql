-- The lander that a visitor was shown before the offer; whether a click is its visitor's first, or a browser's guess.
ALTER TABLE clicks${LOCAL} ${ON_CLUSTER}
    ADD COLUMN IF NOT EXISTS lander LowCardinality(String) COMMENT 'The lander it was shown first; empty: none' AFTER keyword,
    ADD COLUMN IF NOT EXISTS is_unique Bool COMMENT 'The first click of its visitor in its campaign that day, as far as the process that recorded it knew' AFTER is_bot,
    ADD COLUMN IF NOT EXISTS is_prefetch Bool COMMENT 'A browser fetched it ahead of a visit; counts as a robot''s' AFTER is_unique;

${CLUSTER_ONLY}ALTER TABLE clicks ${ON_CLUSTER} ADD COLUMN IF NOT EXISTS lander LowCardinality(String) COMMENT 'The lander it was shown first; empty: none' AFTER keyword, ADD COLUMN IF NOT EXISTS is_unique Bool COMMENT 'The first click of its visitor in its campaign that day, as far as the process that recorded it knew' AFTER is_bot, ADD COLUMN IF NOT EXISTS is_prefetch Bool COMMENT 'A browser fetched it ahead of a visit; counts as a robot''s' AFTER is_unique;
