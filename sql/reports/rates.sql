-- `told_in`: the currency that an amount is told in, its own where none is asked for (`into`). Without a rate it is its own
-- with the day, which is an error and is said so. `factor_of`: what to multiply it by. Rates are newest first.
(of, day) -> if({into:String} = '', toDecimal256(1, 20), if(of IN ('', {into:String}), toDecimal256(1, 20), arrayFirst(
    (factor, known, since) -> known = of AND since <= toInt32(day),
    arrayMap(factor -> toDecimal256(factor, 20), {rate_factors:Array(String)}),
    {rate_currencies:Array(String)},
    {rate_days:Array(Int32)}))) AS factor_of,
(of, day) -> if({into:String} = '', toString(of), multiIf(
    of = '', '',
    factor_of(of, day) > 0, {into:String},
    concat(of, ' ', toString(day)))) AS told_in,
