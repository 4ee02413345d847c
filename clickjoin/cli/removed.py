"""`clickjoin skip-removed`: roles go on behind records that were removed before they had read them."""

from typing import TYPE_CHECKING, Annotated

import typer

from clickjoin.cli.options import DEFAULT_DATA, DEFAULT_FILE, ConfigOption, DataOption, JsonOption, fail, load_for
from clickjoin.cli.output import print_json, print_table
from schemas.settings.values import parse_duration

if TYPE_CHECKING:
    from clickjoin.topics.removed import Gap

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look what was removed.")]
Wait = Annotated[str, typer.Option("--wait", metavar="SPAN", help="How long the roles' workers may take to end.")]
_COLUMNS = ("role", "topic", "partition", "resumes_at", "begins_at", "records")


def skip_removed(
    config: ConfigOption = DEFAULT_FILE,
    data: DataOption = DEFAULT_DATA,
    wait: Wait = "2m",
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Let roles go on behind records that were removed from the log before they had read them: these are lost.

    Until then such a role ends as often as it is started. Prints what it will never read.
    """
    settings = load_for("skip-removed", config, quiet=True)
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    from clickjoin.topics.removed import StillWorkingError, gaps, skip
    from ingest.kafka_client import made
    from schemas.topics import TOPICS
    from streams.adapters.kafka import blocking_connection

    try:
        patience = parse_duration(wait) / 1000
        admin = made(KafkaAdminClient, **blocking_connection(settings.kafka))
        try:
            topics = {one["name"]: len(one["partitions"]) for one in admin.describe_topics(list(TOPICS))}
            found = gaps(admin, topics)
            if not dry_run:
                skip(admin, found, patience)
        finally:
            admin.close()
    except (StillWorkingError, KafkaError, OSError, ValueError) as error:
        fail(f"nothing was skipped: {error}")
    _show(found, as_json=as_json)


def _show(found: "list[Gap]", *, as_json: bool) -> None:
    rows = [(*gap, gap.records) for gap in found]
    if as_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    elif rows:
        print_table("removed before they were read", _COLUMNS, rows)
    else:
        typer.echo("every role has read what was removed")
