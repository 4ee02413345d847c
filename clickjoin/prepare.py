"""What must stand before any role starts: the topics, the tables, the epoch. Doing it again changes nothing."""

from clickjoin.topics.epoch import begin_epoch, next_epoch
from clickjoin.topics.made import ensure_topics
from schemas.settings.file import Settings
from sql.connect import connect
from sql.migrate import migrate

PATIENCE = 15.0  # seconds


def prepare(settings: Settings) -> list[str]:
    """Make topics and tables, and begin the epoch of a new `events`. Returns the names of the migrations applied now.

    Waits PATIENCE for the broker. Raises CannotStartError where Kafka, MigrationError where ClickHouse is away or
    refuses.
    """
    ensure_topics(settings.kafka, PATIENCE)
    applied = migrate(settings.clickhouse.dsn, settings.clickhouse.retention.days)
    client = connect(settings.clickhouse.dsn)
    try:
        begin_epoch(settings.kafka, lambda: next_epoch(client))
    finally:
        client.close()
    return applied
