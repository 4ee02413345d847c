"""What waits in a running emit, and what changes it: an operator's wishes, the configuration, what is newer."""

import json
import signal
from collections.abc import Iterator
from datetime import datetime

import msgspec
import pytest

from clickjoin.wishes import GONE, Asked, ask, cancel, resend, retemplate
from schemas.records import Delivery
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES
from schemas.versions import version
from schemas.wire import encode
from sql.deliveries import Found
from tests.emit_process import (
    PARTITIONS,
    EmitProcess,
    deliveries,
    emit_running,
    outcomes_of,
    records,
    send_outcomes,
    source_settings,
    steps,
    until_finished,
)
from tests.emit_samples import outcome
from tests.kafka_server import KafkaServer
from tests.polling import until
from tests.stand_in import StandIn, stand_in

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture(scope="module")
def emit(kafka: KafkaServer, source: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmitProcess]:
    """One worker for all tests."""
    urls = {name: f"{source.url}/{name}" for name in ("waits", "again", "before", "euro", "gone")}
    given = source_settings(urls)
    for name in ("waits", "gone"):
        given["sources"][name]["postbacks"]["*"] |= {"delay": "1h", "statuses": ["approved", "rejected"]}
    given["sources"]["euro"]["postbacks"]["*"]["url"] += "&p={payout|2}&c={currency}"
    given["sources"]["euro"]["postbacks"]["*"]["currency"] = "EUR"
    with emit_running(kafka, tmp_path_factory.mktemp("emit"), given) as process:
        yield process


def test_an_operator_cancels_what_waits_and_sends_again_what_was_sent(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    """As the command line asks for it: by records on `outcomes`, which the owner of the partition decides."""
    send_outcomes(kafka.bootstrap, [*outcomes_of("waits", 9500, 2), *outcomes_of("again", 9600, 1)])
    (sent,) = until_finished(kafka, "again", 1).values()
    (kept,), (dropped,) = until(lambda: _all(kafka, "waits", 2), 40, "both are scheduled")
    settings = Kafka(bootstrap=kafka.bootstrap)
    for wish, of in ((cancel(1, "sold out"), dropped), (resend(1), sent[-1])):
        for _ in range(2):  # a wish that was repeated is one
            ((id_, new_id, problem),) = ask(settings, PARTITIONS, [_found(kafka, of)], wish)
            assert (id_, problem) == (of.delivery_id, "")
    steps_again = until_finished(kafka, "again", 2)[new_id]
    assert [(one.state, one.attempt, one.resends) for one in steps_again] == [
        ("scheduled", 0, sent[0].delivery_id),
        ("delivered", 1, sent[0].delivery_id),
    ]
    assert source.count("/again") == {"their-9600": 2}
    (ended,) = until(lambda: steps(kafka, "waits")[dropped.delivery_id][1:], 40, "it is cancelled")
    assert (ended.state, ended.reason, ended.url) == ("cancelled", "by_hand: sold out", dropped.url)
    assert steps(kafka, "waits")[kept.delivery_id] == [kept]
    assert not source.count("/waits")
    gone = _found(kafka, kept)._replace(version=version(0, 1 << 30))
    assert ask(settings, PARTITIONS, [gone], resend(2)) == [Asked(kept.delivery_id, problem=GONE)]


def _found(kafka: KafkaServer, step: Delivery) -> Found:
    """What the table knows of a step: where it lies, and no secret of its URL."""
    offset = next(record.offset for record in records(kafka.bootstrap, DELIVERIES) if record.value == encode(step))
    last = (step.state, 0, 0, "", datetime.min, None, "", version(0, offset))
    return Found(step.delivery_id, step.destination, step.event, step.click_id, *last)


def _all(kafka: KafkaServer, source: str, count: int) -> list[list[Delivery]]:
    found = list(steps(kafka, source).values())
    return found if len(found) == count else []


def test_a_changed_template_counts_after_sighup_for_what_is_decided_from_then_on(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("before", 700, 1))
    until_finished(kafka, "before", 1)
    given = emit.config.read_text()

    def changed(text: str, said: str, path: str, number: int) -> None:
        count = emit.log.read_text().count(said)
        emit.config.write_text(text)
        emit.signal(signal.SIGHUP)
        until(lambda: emit.log.read_text().count(said) > count, 60, said)
        send_outcomes(kafka.bootstrap, outcomes_of("before", number, 1))
        until(lambda: f"their-{number}" in source.count(path), 60, f"it is told at {path}")

    changed(given.replace("/before", "/after"), "configuration_reloaded", "/after", 701)
    changed("{", "configuration_kept", "/after", 702)
    changed(given, "configuration_reloaded", "/before", 703)


def test_what_lacks_a_rate_is_held_until_a_reload_and_a_removed_source_cancels_what_waits(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, [*outcomes_of("euro", 800, 1), *outcomes_of("gone", 810, 1)])
    ((held,),) = until(lambda: _all(kafka, "euro", 1), 40, "the one is recorded")
    ((waiting,),) = until(lambda: _all(kafka, "gone", 1), 40, "and the other")
    assert (held.state, held.reason.split(":")[0], waiting.state) == ("held", "no_rate", "scheduled")
    given = json.loads(emit.config.read_text())
    del given["sources"]["gone"]
    emit.config.write_text(json.dumps(given | {"rates": {"EUR": {"USD": "1.10"}}}))
    emit.signal(signal.SIGHUP)
    (told,) = until_finished(kafka, "euro", 1).values()
    assert [one.state for one in told] == ["held", "scheduled", "delivered"]
    assert told[-1].url.endswith("?id=their-800&p=1.09&c=EUR")
    assert source.count("/euro") == {"their-800": 1}
    (_, ended) = until(lambda: [one for one in steps(kafka, "gone").values() if len(one) > 1], 40, "it is cancelled")[0]
    assert (ended.state, ended.reason.split(":")[0]) == ("cancelled", "destination_removed")


def test_what_waits_takes_the_present_template_when_asked_and_keeps_its_time(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, [*outcomes_of("waits", 860, 1), *outcomes_of("again", 861, 1)])
    (waiting,) = until(lambda: _of_click(kafka, "click-860", 1), 40, "it is scheduled")
    until(lambda: len(_of_click(kafka, "click-861", 2)) == 2, 40, "this one is told")
    given = json.loads(emit.config.read_text())
    given["sources"]["waits"]["postbacks"]["*"]["url"] = f"{source.url}/reworded?id={{source_click_id}}&e={{event}}"
    emit.config.write_text(json.dumps(given))
    count = emit.log.read_text().count("configuration_reloaded")
    emit.signal(signal.SIGHUP)
    until(lambda: emit.log.read_text().count("configuration_reloaded") > count, 60, "it is reloaded")
    ids = [_found(kafka, one) for one in (waiting, _of_click(kafka, "click-861", 2)[0])]
    asked = ask(Kafka(bootstrap=kafka.bootstrap), PARTITIONS, ids, retemplate(1))
    assert [one.problem for one in asked] == ["", ""]  # that the other one has ended is the worker's to know
    (_, made) = until(lambda: _of_click(kafka, "click-860", 2), 40, "it is made anew")
    assert (made.delivery_id, made.state, made.revision) == (waiting.delivery_id, "scheduled", 1)
    assert (made.url, made.next_attempt_at) == (
        f"{source.url}/reworded?id=their-860&e=install",
        waiting.next_attempt_at,
    )
    assert len(_of_click(kafka, "click-861", 2)) == 2


def test_a_newer_delivery_of_the_same_conversion_supersedes_the_one_that_waits(
    kafka: KafkaServer, emit: EmitProcess
) -> None:
    (first,) = outcomes_of("waits", 820, 1)
    send_outcomes(kafka.bootstrap, [first])
    (older,) = until(lambda: _of_click(kafka, "click-820", 1), 40, "it is scheduled")
    postback = msgspec.structs.replace(first.postback, postback_id="refused")
    send_outcomes(
        kafka.bootstrap,
        [
            outcome(
                820,
                click={"source": "waits"},
                conversion={"status": "rejected"},
                outcome="updated",
                previous_status="approved",
                postback=postback,
            )
        ],
    )
    found = until(lambda: _of_click(kafka, "click-820", 3), 40, "the older one has ended")
    newer = next(one for one in found if one.postback_id == "refused")
    ended = next(one for one in found if one.state == "cancelled")
    assert (ended.delivery_id, ended.reason) == (older.delivery_id, f"superseded by {newer.delivery_id}")
    assert newer.state == "scheduled"


def _of_click(kafka: KafkaServer, click_id: str, count: int) -> list[Delivery]:
    found = [one for one in deliveries(kafka.bootstrap) if one.click_id == click_id]
    return found if len(found) == count else []
