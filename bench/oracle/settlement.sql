-- What must have been settled: by sets, from the conversions as they stood when each month was settled (first_conversions,
-- conversions), the clicks, and what was configured (rules, holds, owners, months). Amounts are those of the partner.

CREATE OR REPLACE TEMP TABLE standing AS
WITH both_times AS (
    SELECT 1 AS month, * FROM first_conversions UNION ALL SELECT 2 AS month, * FROM conversions
), theirs AS (
    SELECT both_times.month, named.conversion_id, event, status, payout, both_times.currency, is_refund, received_at,
        CASE WHEN both_times.campaign = 'winter' THEN 'own' ELSE owners.partner END AS partner,
        received_at + hold < months.ends AS hold_is_over,
        status = 'approved' AND NOT is_refund AS counts
    FROM both_times
    JOIN named USING (postback_id)
    JOIN months USING (month)
    JOIN clicks USING (click_id)
    LEFT JOIN owners ON owners.claim = clicks.claim AND owners.campaign = both_times.campaign
    JOIN holds ON holds.partner = CASE WHEN both_times.campaign = 'winter' THEN 'own' ELSE owners.partner END
    WHERE received_at < months.ends
), placed AS (
    SELECT *,
        greatest(1, count(*) FILTER (counts) OVER (
            PARTITION BY month, partner, event, strftime(epoch_ms(received_at), '%Y-%m')
            ORDER BY received_at, conversion_id ROWS UNBOUNDED PRECEDING)) AS place,
        greatest(1, count(*) FILTER (counts) OVER (
            PARTITION BY month, partner, event, strftime(epoch_ms(received_at), '%Y-%m'))) AS reached
    FROM theirs
)
SELECT placed.*, rule
FROM placed
LEFT JOIN LATERAL (
    SELECT arg_max(rules, (rules.event != '*', rules.after)) AS rule
    FROM rules
    WHERE rules.partner = placed.partner
        AND rules.event IN (placed.event, '*')
        AND (rules.after = 0 OR rules.after < CASE WHEN rules.retroactive THEN placed.reached ELSE placed.place END)
) ON true;

-- A share of a payout: in its own currency, or a fixed amount in another, which a refund takes back.
CREATE OR REPLACE MACRO worth(rule, payout, is_refund) AS CAST(
    CASE
        WHEN rule IS NULL THEN 0
        WHEN rule.fixed IS NULL THEN round(CAST(payout * rule.percent AS DECIMAL(38, 14)) / 100, 2)
        WHEN is_refund THEN -rule.fixed
        ELSE rule.fixed
    END AS DECIMAL(18, 2));
CREATE OR REPLACE MACRO told_in(rule, currency) AS
    CASE WHEN rule IS NULL OR rule.fixed IS NULL THEN currency ELSE rule.currency END;

CREATE OR REPLACE TEMP TABLE first_paid AS
SELECT conversion_id, partner, rule, told_in(rule, currency) AS currency, worth(rule, payout, is_refund) AS amount
FROM standing
WHERE month = 1 AND status = 'approved' AND payout IS NOT NULL AND hold_is_over AND worth(rule, payout, is_refund) != 0;

-- What was settled keeps its share, but for a step that counts for the whole month; and it is all given back where the
-- conversion is approved no more.
CREATE OR REPLACE TEMP TABLE second_due AS
SELECT conversion_id, partner, told_in(share, currency) AS currency, worth(share, payout, is_refund) AS amount
FROM (
    SELECT standing.*,
        CASE WHEN first_paid.rule IS NULL OR first_paid.rule.retroactive THEN standing.rule ELSE first_paid.rule END AS share
    FROM standing LEFT JOIN first_paid USING (conversion_id)
    WHERE month = 2 AND status = 'approved' AND payout IS NOT NULL
        AND (hold_is_over OR first_paid.conversion_id IS NOT NULL)
);

CREATE OR REPLACE TABLE lines AS
WITH parts AS (
    SELECT 1 AS month, partner, conversion_id, currency, amount FROM first_paid
    UNION ALL SELECT 2, partner, conversion_id, currency, amount FROM second_due
    UNION ALL SELECT 2, partner, conversion_id, currency, -amount FROM first_paid
)
SELECT concat_ws(' ', strftime(epoch_ms(ends - 1), '%Y-%m'), partner, conversion_id, currency) AS line,
    CAST(sum(amount) AS DECIMAL(38, 2)) AS amount
FROM parts JOIN months USING (month)
GROUP BY line HAVING sum(amount) != 0;

CREATE OR REPLACE TABLE paid AS
SELECT concat_ws(' ', split_part(line, ' ', 1), split_part(line, ' ', 2), split_part(line, ' ', 4)) AS total,
    CAST(count(*) AS BIGINT) AS lines, CAST(sum(amount) AS DECIMAL(38, 2)) AS amount
FROM lines GROUP BY total;
