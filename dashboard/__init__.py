"""The pages that people look at: a process of its own that reads ClickHouse and starts nothing."""
