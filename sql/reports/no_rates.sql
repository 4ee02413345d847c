-- Each amount is told in its own currency.
(of, day) -> toDecimal256(1, 20) AS factor_of,
(of, day) -> toString(of) AS told_in,
