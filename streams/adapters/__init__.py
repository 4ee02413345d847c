"""The doors to the outside: Kafka, ClickHouse, HTTP, local state."""
