"""The role emit, as a process, on Apache Kafka and against a real HTTP server."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest
from standardwebhooks import Webhook

from clickjoin.embedded.ports import free_port
from schemas.topics import DELIVERIES, partition_of
from schemas.wire import encode
from streams.rows import delivery_row
from tests.emit_process import (
    PARTITIONS,
    EmitProcess,
    deliveries,
    emit_running,
    invalid,
    outcomes_of,
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
    )
    urls = {path.replace("/", "-"): f"{source.url}/{path}" for path in paths}
    urls["cancelled"] = f"{source.url}/fails/1000/z"
    urls["refuses"] = f"http://127.0.0.1:{free_port()}/"
    urls["private"] = f"http://169.254.169.254:{source.port}/private"
    given = source_settings(urls)
    given["webhooks"] = {"crm": {"url": f"{source.url}/fails/1/hook", "secret": SECRET, "sources": ["hooked"]}}
    given["conversion_apis"] = conversion_apis(platforms.url, "everywhere")
    with emit_running(kafka, tmp_path_factory.mktemp("emit"), given) as process:
        yield process


def test_each_conversion_is_told_once_and_every_step_is_recorded(
    kafka: KafkaServer, source: StandIn, emit: EmitProcess
) -> None:
    send_outcomes(kafka.bootstrap, outcomes_of("ok", 0, 200))
    found = until_finished(kafka, "ok", 200)
    assert source.count("/ok") == dict.fromkeys(their_ids(0, 200), 1)
    for made in found.values():
        assert [(one.state, one.attempt) for one in made] == [("scheduled", 0), ("delivered", 1)]
        assert (made[1].code, made[1].url, made[1].next_attempt_at) == (200, made[0].url, 0)
        assert (made[1].answer, made[1].worker != "") == ("ok", True)


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
