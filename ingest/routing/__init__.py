"""Which offer a visitor is sent to: rules, weights, and what was learnt. `route` is the decision."""
