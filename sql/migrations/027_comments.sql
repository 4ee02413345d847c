-- What a client lists says what it means, also where nobody is meant to read: how click_days is made, and what was migrated.
ALTER TABLE click_days_refresh ${ON_CLUSTER}
    COMMENT COLUMN id_day 'The day in the click IDs (UTC)',
    COMMENT COLUMN clicked_on 'The day of the clicks (UTC)',
    COMMENT COLUMN campaign 'The campaign they came to',
    COMMENT COLUMN source 'The traffic source that sold them',
    COMMENT COLUMN offer 'The offer they were sent to',
    COMMENT COLUMN network 'The network of that offer',
    COMMENT COLUMN country 'ISO 3166 code',
    COMMENT COLUMN device 'Kind of device',
    COMMENT COLUMN is_bot 'They look like robots',
    COMMENT COLUMN is_test 'They are marked as tests',
    COMMENT COLUMN currency 'ISO 4217 code of cost; empty where there is none',
    COMMENT COLUMN clicks 'How many they are',
    COMMENT COLUMN costed 'Of how many the cost is known',
    COMMENT COLUMN cost 'What these cost by their own account: bills are not in it',
    COMMENT COLUMN refreshed_at 'When all of click_days was made',
    COMMENT COLUMN of_clicks 'Of how many clicks all of click_days was made';

ALTER TABLE schema_versions ${ON_CLUSTER}
    COMMENT COLUMN version 'The number of a migration that was applied',
    COMMENT COLUMN script 'Its text, as it ran',
    COMMENT COLUMN md5 'Of its file: one that has changed since is told, and nothing runs',
    COMMENT COLUMN created_at 'When it was applied',
    MODIFY COMMENT 'Which migrations were applied: clickjoin migrate keeps it.';
