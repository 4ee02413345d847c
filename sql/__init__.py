"""ClickHouse: migrations, one query per report, and what runs them."""
