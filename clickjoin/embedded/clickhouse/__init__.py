"""ClickHouse on one machine: chDB's engine behind the ClickHouse HTTP interface, loopback only."""
