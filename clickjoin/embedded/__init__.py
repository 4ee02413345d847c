"""Apache Kafka and ClickHouse from pip, as child processes."""
