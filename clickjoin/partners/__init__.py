"""What partners earn: a ledger over their conversions, and its settlement by months."""
