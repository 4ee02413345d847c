-- Clicks and what they cost by their own account, by currency: no bill names days of this time.
SELECT
    ${GROUPS}
    told_in(own_currency, rate_day) AS currency,
    sum(n) AS clicks,
    sum(own * factor_of(own_currency, rate_day)) AS amount,
    sum(owns) AS amounts
FROM
(
    ${OWN_CELLS}
)
GROUP BY ${GROUPS} currency
