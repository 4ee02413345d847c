"""What the doctor thinks of what it found: each rule says what to do. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from clickjoin.doctor.facts import ClickHouseFacts, Finding, KafkaFacts, MachineFacts, PortFacts, TopicFacts, Weight
from schemas.ids import verify_click_id
from schemas.settings.errors import Problem
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from schemas.topics import TOPICS

CLOCK_WARN, CLOCK_BAD = 2.0, 60.0
"""Seconds that a clock may differ from ours: two are a pause; after a minute windows and reports are wrong."""
FREE_WARN, FREE_BAD = 0.15, 0.05
"""The part of a disk that is to be free."""
FILES_BESIDE = 1024
"""Files and connections of a worker besides those to sources: RocksDB's, Kafka's, ClickHouse's."""
_GIB = 1 << 30
_NUMBERS = ("retention.ms", "max.message.bytes")  # at least so much; others exactly
_FOR_EVER = "-1"
_OTHERS_MAY_READ = 0o077

Wanted = Mapping[str, Mapping[str, str]]
"""Of each topic the settings that it needs."""


def of_kafka(facts: KafkaFacts, wanted: Wanted, kafka: Kafka) -> list[Finding]:
    """The broker, its topics, and its clock."""
    found = [*_topics(facts, wanted, kafka), *_lost(facts)]
    if facts.refused:
        found.append(
            Finding("bad", "Kafka", f"it refuses records: {facts.refused}", "look at its log, its disks and its rights")
        )
    if facts.ahead is not None:
        todo = "let all machines keep time by NTP: the join's windows go by the broker's clock"
        found.append(_clock("Kafka", facts.ahead, todo))
    return found


def _topics(facts: KafkaFacts, wanted: Wanted, kafka: Kafka) -> Iterator[Finding]:
    missing = sorted(wanted.keys() - facts.topics.keys())
    if missing:
        yield Finding("bad", "topics", f"there is no {', '.join(missing)}", "run: clickjoin migrate")
    for name in sorted(wanted.keys() & facts.topics.keys()):
        wrong = [*_partitions(name, facts.topics[name], kafka, facts.brokers)]
        wrong += _configs(name, facts.topics[name].configs, wanted[name])
        yield from wrong or [Finding("good", f"topic {name}", f"{facts.topics[name].partitions} partitions")]


def _partitions(name: str, topic: TopicFacts, kafka: Kafka, brokers: int) -> Iterator[Finding]:
    about = f"topic {name}"
    if name in TOPICS and topic.partitions != kafka.partitions:
        what = f"it has {topic.partitions} partitions, [kafka] partitions = {kafka.partitions}"
        todo = f"the number cannot change while there are records: write partitions = {topic.partitions}"
        yield Finding("bad", about, what, f"{todo}, or make all topics anew (docs/operations.md)")
    if topic.leaderless:
        what = f"{topic.leaderless} of its partitions have no leader: nothing can be written there"
        yield Finding("bad", about, what, "start the brokers that are down")
    if topic.replicas < kafka.replication:
        what = f"it has {topic.replicas} replicas, [kafka] replication = {kafka.replication}"
        yield Finding("warn", about, what, "kafka-reassign-partitions.sh adds replicas to a topic that is there")
    elif topic.replicas == 1 and brokers > 1:
        what = f"of {brokers} brokers one has it: with that disk its records are gone"
        yield Finding("warn", about, what, "write [kafka] replication = 3 before topics are made")


def _configs(name: str, configs: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[Finding]:
    for key, value in sorted(wanted.items()):
        is_value = configs.get(key, "")
        if key in _NUMBERS:
            is_enough = value != _FOR_EVER and is_value.isdigit() and int(is_value) >= int(value)
            is_right, wish = is_value == _FOR_EVER or is_enough, f"{value} or more"
        else:
            is_right, wish = is_value == value, value
        if not is_right:
            alter = f"kafka-configs.sh --bootstrap-server HOST:9092 --alter --topic {name} --add-config {key}={value}"
            yield Finding("bad", f"topic {name}", f"{key} = {is_value or 'nothing'}, it needs {wish}", f"run: {alter}")


def _lost(facts: KafkaFacts) -> Iterator[Finding]:
    for role, records in facts.lost.items():
        if records:
            what = f"{records} records were removed from the log before it had read them"
            todo = "they are lost to it: run clickjoin skip-removed, and import what is missing"
            yield Finding("bad", role, what, todo)


def of_clickhouse(facts: ClickHouseFacts, secrets: tuple[bytes, ...]) -> list[Finding]:
    """The tables, the clock and the disk. secrets: those of the click IDs; none: they are not known here."""
    found = [*_schema(facts)]
    found.append(_clock("ClickHouse", facts.ahead, "let all machines keep time by NTP: today's reports go by it"))
    found.append(_disk("ClickHouse's disk", facts.free_bytes, facts.total_bytes))
    if secrets and facts.newest_click_id and not verify_click_id(facts.newest_click_id, secrets):
        what = f"the newest click ID of ours, {facts.newest_click_id}, was made with none of the secrets configured"
        todo = "add the secret it was made with to [ingest] secrets: until then its postbacks are refused"
        found.append(Finding("bad", "secrets", what, todo))
    elif secrets and facts.newest_click_id:
        found.append(Finding("good", "secrets", "the newest click ID was made with one of them"))
    return found


def _schema(facts: ClickHouseFacts) -> Iterator[Finding]:
    if facts.pending:
        what = f"not applied: {', '.join(facts.pending)}"
        yield Finding("bad", "tables", what, "run: clickjoin migrate (--plan shows the SQL)")
    if facts.changed:
        what = f"{', '.join(facts.changed)} was applied before and has changed since"
        yield Finding("bad", "tables", what, "install the release whose files they are, unchanged")
    if facts.unknown:
        what = f"a newer release has applied {', '.join(map(str, facts.unknown))}"
        yield Finding("warn", "tables", what, "run that release here too")
    if not (facts.pending or facts.changed or facts.unknown):
        yield Finding("good", "tables", "they are this release's")


def of_machine(facts: MachineFacts, settings: Settings) -> list[Finding]:
    """Disk, file limits, files and ports of this machine."""
    about = f"folder {facts.data}"
    found = [*_files(facts.open_files, settings.emit.max_open)]
    if not facts.writable:
        found.append(Finding("bad", about, "it cannot be written", "give it to the user that clickjoin runs as"))
    disk = _disk(about, facts.free_bytes, facts.total_bytes)
    if disk.weight == "good" and facts.free_bytes < settings.ingest.spool_bytes:
        what = f"{_gib(facts.free_bytes)} are free, and the spool may take {_gib(settings.ingest.spool_bytes)}"
        disk = Finding("warn", about, what, "make room, or lower [ingest] spool_bytes")
    found.append(disk)
    if facts.secret_mode is not None and facts.secret_mode & _OTHERS_MAY_READ:
        what = f"others may read the secret of the click IDs (mode {facts.secret_mode:o})"
        found.append(Finding("bad", about, what, f"chmod 600 {facts.data}/clickjoin.secret"))
    return found + [_port(port) for port in facts.ports]


def _files(limit: int, connections: int) -> Iterator[Finding]:
    needed = connections + FILES_BESIDE
    if limit >= needed:
        yield Finding("good", "open files", f"{limit} may be open in a process")
        return
    what = f"{limit} may be open in a process; emit with {connections} connections ([emit] max_open) needs {needed}"
    yield Finding(
        "warn", "open files", what, f"ulimit -n {4 * needed} before the start, LimitNOFILE= in a systemd unit"
    )


def _port(port: PortFacts) -> Finding:
    about = f"port {port.listen}"
    if port.state == "another's":
        todo = f"stop that program, or change {port.key}"
        return Finding("bad", about, "something else listens there", todo)
    if port.state == "unusable":
        return Finding("bad", about, "it is no address of this machine, or needs more rights", f"change {port.key}")
    return Finding("good", about, "ours answers there" if port.state == "ours" else "it is free: nothing runs there")


def of_configuration(problems: Sequence[Problem]) -> list[Finding]:
    """What `clickjoin check` points out."""
    todo = "change it in the configuration, if it is not meant so"
    return [Finding("warn", "configuration", str(problem), todo) for problem in problems]


def _clock(whose: str, ahead: float, todo: str) -> Finding:
    size = abs(ahead)
    weight: Weight = "bad" if size >= CLOCK_BAD else "warn" if size >= CLOCK_WARN else "good"
    word = "before" if ahead > 0 else "after"
    what = f"it is {size:.1f} s {word} ours" if weight != "good" else "it agrees with ours"
    return Finding(weight, f"{whose}'s clock", what, "" if weight == "good" else todo)


def _disk(about: str, free: int, total: int) -> Finding:
    share = free / total if total else 0.0
    weight: Weight = "bad" if share < FREE_BAD else "warn" if share < FREE_WARN else "good"
    what = f"{_gib(free)} of {_gib(total)} are free ({share:.0%})"
    return Finding(weight, about, what, "" if weight == "good" else "make room, or add a disk: a full one stops it all")


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
