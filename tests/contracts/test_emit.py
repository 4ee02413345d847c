"""The role emit, as a process, on Apache Kafka and against a real HTTP server."""

import json
import signal
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import msgspec
import pytest
from standardwebhooks import Webhook

from clickjoin.embedded.ports import free_port
from clickjoin.wishes import GONE, Asked, ask, cancel, resend, retemplate
from schemas.records import Delivery
from schemas.settings.servers import Kafka
from schemas.topics import DELIVERIES, partition_of
from schemas.versions import version
from schemas.wire import encode
from sql.deliveries import Found
from streams.rows import delivery_row
from tests.emit_process import (
    PARTITIONS,
    EmitProcess,
    deliveries,
    fresh_topics,
    invalid,
    outcomes_of,
    records,
    send_outcomes,
    send_raw,
    send_to,
    source_settings,
    steps,
    their_ids,
    until_finished,
)
from tests.emit_samples import outcome
from tests.kafka_server import KafkaServer
from tests.platforms import KINDS, TOKEN, Platform, conversion_apis, platform
from tests.polling import until
from tests.stand_in import StandIn, stand_in

pytestmark = pytest.mark.kafka

SECRET = "whsec_" + b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture(scope="module")
def platforms() -> Iterator[Platform]:
    with platform() as server:
        yield server


@pytest.fixture(scope="module")
def emit(
    kafka: KafkaServer, source: StandIn, platforms: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmitProcess]:
    """One worker that knows good and bad sources, for all tests that do not stop it."""
    fresh_topics(kafka.bootstrap)
    paths = (
        "ok",
        "fails/2/x",
        "status/404",
        "status/500",
        "hang",
        "healthy",
        "repeated",
        "later/1",
        "fails/3/w",
        "again",
        "before",
        "euro",
        "gone",
    )
    urls = {path.replace("/", "-"): f"{source.url}/{path}" for path in paths}
    urls["cancelled"] = f"{source.url}/fails/1000/z"
    urls["waits"] = f"{source.url}/waits"
    urls["refuses"] = f"http://127.0.0.1:{free_port()}/"
    urls["private"] = f"http://169.254.169.254:{source.port}/private"
    folder = tmp_path_factory.mktemp("emit")
    given = source_settings(urls)
    given["webhooks"] = {"crm": {"url": f"{source.url}/fails/1/hook", "secret": SECRET, "sources": ["hooked"]}}
    given["conversion_apis"] = conversion_apis(platforms.url, "everywhere")
    for name in ("waits", "gone"):
        given["sources"][name]["postbacks"]["*"] |= {"delay": "1h", "statuses": ["approved", "rejected"]}
    given["sources"]["euro"]["postbacks"]["*"]["url"] += "&p={payout|2}&c={currency}"
    given["sources"]["euro"]["postbacks"]["*"]["currency"] = "EUR"
    process = EmitProcess(kafka.bootstrap, folder, given).start()
    yield process
    code = process.stop()
    print(process.log.read_text()[-4000:], file=sys.stderr)
    assert code == 0


def test_each_conversion_is_told_once_and_every_step_is_recorded(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("ok", 0, 200))
    found = until_finished(kafka, "ok", 200)
    assert source.count("/ok") == dict.fromkeys(their_ids(0, 200), 1)
    for made in found.values():
        assert [(one.state, one.attempt) for one in made] == [("scheduled", 0), ("delivered", 1)]
        assert (made[1].code, made[1].url, made[1].next_attempt_at) == (200, made[0].url, 0)
        assert made[1].worker


def test_an_outcome_that_is_repeated_is_not_told_again(kafka: KafkaServer, source: StandIn, emit: EmitProcess) -> None:
    told = outcomes_of("repeated", 1000, 50)
    send_outcomes(kafka.bootstrap, told + told)
    until_finished(kafka, "repeated", 50)
    send_outcomes(kafka.bootstrap, told + outcomes_of("repeated", 1050, 1))
    found = until_finished(kafka, "repeated", 51)
    assert source.count("/repeated") == dict.fromkeys(their_ids(1000, 51), 1)
    assert {len(made) for made in found.values()} == {2}


def test_a_failed_attempt_is_repeated_by_the_schedule(kafka: KafkaServer, source: StandIn, emit: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("fails-2-x", 2000, 1))
    (made,) = until_finished(kafka, "fails-2-x", 1).values()
    assert [(one.state, one.code) for one in made] == [
        ("scheduled", 0),
        ("retry", 500),
        ("retry", 500),
        ("delivered", 200),
    ]
    for before, after in pairwise(made[1:]):
        assert before.reason == "http_500"
        assert 180 <= before.next_attempt_at - before.at <= 220
        assert after.at >= before.next_attempt_at


def test_retry_after_is_honoured(kafka: KafkaServer, source: StandIn, emit: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("later-1", 2500, 1))
    (made,) = until(lambda: [one for one in steps(kafka, "later-1").values() if len(one) > 1], 20, "one attempt")
    assert made[1].next_attempt_at - made[1].at == 1000


def test_an_answer_that_says_no_is_final(kafka: KafkaServer, source: StandIn, emit: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("status-404", 3000, 5))
    found = until_finished(kafka, "status-404", 5)
    assert {(made[-1].state, made[-1].reason, len(made)) for made in found.values()} == {("failed", "http_404", 2)}


def test_what_cannot_be_sent_is_recorded_with_its_reason(kafka: KafkaServer, emit: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, [outcome(3500, click={"source": "ok", "source_click_id": ""})])
    found = until(
        lambda: [made for made in deliveries(kafka.bootstrap) if made.state == "not_sendable"], 20, "not_sendable"
    )
    assert [(made.click_id, made.reason.split(":")[0]) for made in found] == [("click-3500", "no_source_click_id")]


def test_a_private_address_is_not_called(kafka: KafkaServer, source: StandIn, emit: EmitProcess) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("private", 3600, 1))
    (made,) = until(lambda: [one for one in steps(kafka, "private").values() if len(one) > 1], 20, "one attempt")
    assert (made[1].state, made[1].reason.split(":")[0]) == ("retry", "address_refused")


def test_bytes_that_are_no_outcome_become_invalid_and_the_rest_goes_on(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_raw(kafka.bootstrap, [(b"k", b"\xff\x00 no JSON"), (b"k", b'{"type":"outcome","v":99}'), (b"k", b"")])
    send_outcomes(kafka.bootstrap, outcomes_of("ok", 4000, 1))
    until(lambda: source.count("/ok")["their-4000"], 20, "the outcome behind it is told")
    found = invalid(kafka.bootstrap)
    assert Counter(one.code for one in found) == {"not_json": 2, "newer_format": 1}
    assert len({one.invalid_id for one in found}) == 3


def test_what_another_wrote_to_deliveries_is_folded_before_the_own_records(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    """A zombie's final record, or a cancellation: the delivery ends, although this worker holds it as pending."""
    send_outcomes(kafka.bootstrap, outcomes_of("cancelled", 4500, 1))
    ((first, *_),) = until(
        lambda: [one for one in steps(kafka, "cancelled").values() if len(one) > 1], 20, "one attempt"
    )
    partition = partition_of(first.click_id.encode(), PARTITIONS)
    cancel = msgspec.structs.replace(first, state="cancelled", reason="by a test")
    send_to(kafka.bootstrap, DELIVERIES, partition, encode(cancel))
    beside = next(
        one
        for one in outcomes_of("ok", 4510, 1000)
        if partition_of(one.postback.click_id.encode(), PARTITIONS) == partition
    )
    send_outcomes(kafka.bootstrap, [beside])
    until(
        lambda: any(
            one[0].click_id == beside.postback.click_id and len(one) > 1 for one in steps(kafka, "ok").values()
        ),
        20,
        "its own next records in the same partition: it sees the hole",
    )
    calls = source.count("/fails/1000/z")["their-4500"]
    send_outcomes(kafka.bootstrap, outcomes_of("fails-3-w", 4600, 1))
    until_finished(kafka, "fails-3-w", 1)  # as long as several of its retries would have taken
    assert source.count("/fails/1000/z")["their-4500"] == calls


def test_a_source_that_hangs_refuses_or_fails_delays_no_other(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    bad = ("hang", "refuses", "status-500")
    send_outcomes(
        kafka.bootstrap, [one for n, name in enumerate(bad) for one in outcomes_of(name, 5000 + 1000 * n, 300)]
    )
    until(lambda: source.count("/hang"), 20, "the bad ones are being called")
    send_outcomes(kafka.bootstrap, outcomes_of("healthy", 9000, 300))
    until(lambda: len(source.count("/healthy")) == 300, 20, "the healthy one was told everything")
    assert len(source.count("/hang")) < 300  # which stand before it in the log
    assert set(source.count("/healthy").values()) == {1}


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
    (held,), (waiting,) = until(lambda: _all(kafka, "euro", 1) + _all(kafka, "gone", 1), 40, "both are recorded")
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


def test_a_webhook_is_signed_anew_at_each_attempt_with_the_same_id(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("hooked", 840, 1))
    (made,) = until_finished(kafka, "hooked", 1).values()
    assert [one.state for one in made] == ["scheduled", "retry", "delivered"]
    assert "webhook-signature" not in str(made)
    posted = [index for index, target in enumerate(source.requests) if target == "/fails/1/hook"]
    for index in posted:
        lines = (line.partition(b": ") for line in source.heads[index].split(b"\r\n"))
        headers = {name.decode().lower(): value.decode() for name, _, value in lines}
        assert Webhook(SECRET).verify(source.bodies[index], headers)["data"]["click_id"] == "click-840"
        assert headers["webhook-id"] == made[0].delivery_id
    assert len(posted) == 2


def test_every_platform_takes_the_conversion_with_one_access_token_for_all(
    kafka: KafkaServer, platforms: Platform, emit: EmitProcess
) -> None:
    params = {"client_id": "1.2", "em": "a" * 64, "ad_user_data": "granted"}
    known = {"source": "everywhere", "params": params, "ip": "203.0.113.9", "user_agent": "Browser/1"}
    platforms.answers["google_ads"] = [(401, '{"error":{"status":"UNAUTHENTICATED"}}')]
    platforms.answers["tiktok"] = [(200, '{"code":40002,"message":"Invalid pixel"}')]
    send_outcomes(kafka.bootstrap, [outcome(850, click=known)])
    found = {made[0].destination: made for made in until_finished(kafka, "everywhere", len(KINDS)).values()}
    assert platforms.refused == []
    taken = dict(platforms.taken)
    assert set(taken) == set(KINDS) - {"tiktok"}
    for kind, body in taken.items():
        assert found[f"conversion_api/{kind}"][0].delivery_id in str(body), kind
    (_, refused) = found["conversion_api/tiktok"]
    assert (refused.state, refused.code, refused.reason) == ("failed", 200, "refused: code is 40002")
    renewed = [(one.state, one.reason) for one in found["conversion_api/google_ads"]]
    assert renewed[1:] == [("retry", "refused_for_now: error.status is UNAUTHENTICATED"), ("delivered", "")]
    assert platforms.tokens == 3  # one for each API of Google's, and one more
    assert TOKEN not in str([delivery_row(one, 1) for steps_ in found.values() for one in steps_])
    assert TOKEN not in emit.log.read_text()


def _of_click(kafka: KafkaServer, click_id: str, count: int) -> list[Delivery]:
    found = [one for one in deliveries(kafka.bootstrap) if one.click_id == click_id]
    return found if len(found) == count else []
