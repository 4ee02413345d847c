"""What emit needs of its HTTP client, against a real server: every kind of answer, and none that hurts."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from clickjoin.embedded.ports import free_port
from schemas.requests import Request, Terms
from streams.adapters.http import KEPT_BYTES, CurlClient, HttpClient
from streams.emit.retry import Answer
from tests.stand_in import StandIn, stand_in

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
CERTIFICATE = Path(__file__).parent.parent / "data" / "stand_in.pem"


@pytest.fixture
def source() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


def client(**options: Any) -> HttpClient:
    given: dict[str, Any] = {"connect_timeout_ms": 1000, "timeout_ms": 1000, "allow": LOOPBACK}
    return CurlClient(**(given | options))


def ask(requests: Sequence[Request], **options: Any) -> list[Answer]:
    """Send all of them at once and wait for all answers."""

    async def run() -> list[Answer]:
        http = client(**options)
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[Answer]] = [loop.create_future() for _ in requests]
        for request, answer in zip(requests, answers, strict=True):
            http.send(request, answer.set_result)
            assert not answer.done(), "done must not be called from inside send"
        try:
            return await asyncio.wait_for(asyncio.gather(*answers), 20)
        finally:
            http.close()

    return asyncio.run(run())


def get(url: str, **options: Any) -> Answer:
    return ask([Request("GET", url)], **options)[0]


def test_an_answer_has_its_code_and_its_body(source: StandIn) -> None:
    answer = get(f"{source.url}/ok?id=1")
    assert (answer.code, answer.problem, answer.body) == (200, "", b"ok")
    assert source.requests == ["/ok?id=1"]


def test_a_url_is_sent_as_it_is(source: StandIn) -> None:
    target = "/a/../b//c/%2E%2E/?cid=%26%23%0D%0A%7Bx%7D&empty=&plus=a+b"
    get(source.url + target)
    assert source.requests == [target]


def test_post_and_get_can_follow_each_other(source: StandIn) -> None:
    for method in ("GET", "POST", "GET"):
        assert ask([Request(method, f"{source.url}/ok")])[0].code == 200
    assert [head.split(b" ")[0] for head in source.heads] == [b"GET", b"POST", b"GET"]


def test_headers_and_body_are_those_of_their_own_request(source: StandIn) -> None:
    json = Request("POST", f"{source.url}/ok", {"Content-Type": "application/json", "X-Empty": ""}, '{"a":"ü"}')

    async def run() -> None:
        http = client()
        loop = asyncio.get_running_loop()
        for request in (json, Request("POST", f"{source.url}/ok"), Request("GET", f"{source.url}/ok")):
            answer: asyncio.Future[Answer] = loop.create_future()
            http.send(request, answer.set_result)
            assert (await asyncio.wait_for(answer, 20)).code == 200
        http.close()

    asyncio.run(run())
    assert source.connections == 1
    assert source.bodies == ['{"a":"ü"}'.encode(), b"", b""]
    first, second, third = (head.lower() for head in source.heads)
    assert b"\r\ncontent-type: application/json\r\n" in first
    assert b"\r\nx-empty:\r\n" in first
    assert b"json" not in second
    assert b"x-empty" not in second
    assert b"content-type" not in third


@pytest.mark.parametrize("code", [201, 204, 400, 404, 429, 500, 503])
def test_every_code_is_told_as_it_is(source: StandIn, code: int) -> None:
    assert get(f"{source.url}/status/{code}").code == code


def test_a_redirect_is_not_followed(source: StandIn) -> None:
    assert get(f"{source.url}/redirect").code == 302
    assert source.requests == ["/redirect"]


def test_retry_after_is_told(source: StandIn) -> None:
    answer = get(f"{source.url}/later/7")
    assert (answer.code, answer.retry_after_ms) == (503, 7000)


def test_a_body_is_read_to_a_bound_and_the_answer_counts(source: StandIn) -> None:
    answer = get(f"{source.url}/big")
    assert (answer.code, answer.body) == (200, b"x" * KEPT_BYTES)


def test_a_body_that_drips_ends_with_the_time_out_and_the_answer_counts(source: StandIn) -> None:
    began = time.monotonic()
    assert get(f"{source.url}/drip", timeout_ms=300).code == 200
    assert time.monotonic() - began < 20  # it drips for a minute


def test_no_answer_in_time_is_a_time_out(source: StandIn) -> None:
    answer = get(f"{source.url}/hang", timeout_ms=200)
    assert (answer.code, answer.problem) == (0, "timeout")
    assert 150 <= answer.took_ms <= 1500


@pytest.mark.parametrize("repeat", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_attempt_is_one_request_though_it_is_not_answered(source: StandIn, method: str, repeat: bool) -> None:
    """On one used connection after the other libcurl would repeat it by itself."""

    async def run() -> list[str]:
        with closing(client()) as http:

            async def told(path: str) -> str:
                answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
                terms = Terms(10_000, 10_000, repeat_unanswered=repeat)
                http.send(Request(method, f"{source.url}/{path}"), answer.set_result, terms)
                return (await asyncio.wait_for(answer, 20)).reason

            await asyncio.gather(*[told("slow/0.1") for _ in range(3)])
            return [await told(path) for path in ("reset", "ok", "reset")]

    assert asyncio.run(run()) == ["connection_lost", "http_200", "connection_lost"]
    assert source.requests.count("/reset") == 2


def test_a_request_may_have_time_outs_of_its_own_and_the_next_one_has_not(source: StandIn) -> None:
    async def run() -> list[str]:
        http = client(timeout_ms=10_000)
        found = []
        for path, terms in (("hang", Terms(1000, 100)), ("slow/0.3", None)):
            answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            http.send(Request("GET", f"{source.url}/{path}"), answer.set_result, terms)
            found.append((await asyncio.wait_for(answer, 20)).reason)
        http.close()
        return found

    assert asyncio.run(run()) == ["timeout", "http_200"]


def test_no_connection_in_time_is_another_word() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # never accepts: what is beyond its queue waits
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        answer = get(f"http://127.0.0.1:{port}/", connect_timeout_ms=200)
        for one in waiting:
            one.close()
    assert (answer.code, answer.problem) == (0, "connect_timeout")


def test_a_closed_port_is_refused() -> None:
    assert get(f"http://127.0.0.1:{free_port()}/").problem == "connection_refused"


def test_a_connection_that_ends_without_an_answer_is_lost(source: StandIn) -> None:
    assert get(f"{source.url}/reset").problem == "connection_lost"


def test_what_is_no_http_is_no_answer(source: StandIn) -> None:
    answer = get(f"{source.url}/junk")
    assert (answer.code, bool(answer.problem)) == (0, True)


def test_a_name_that_does_not_resolve_is_told() -> None:
    assert get("http://nosuch.invalid/", timeout_ms=8000, connect_timeout_ms=8000).problem == "dns_failed"


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/", "http://", "http://a b/", "http://x\0y/"])
def test_only_http_and_https_are_spoken(url: str) -> None:
    assert get(url).problem == "bad_url"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0177.0.0.1"])
def test_a_private_address_is_refused_however_it_is_written_and_nothing_connects(source: StandIn, host: str) -> None:
    answer = get(f"http://{host}:{source.port}/", allow=())
    assert (answer.code, answer.problem) == (0, "address_refused")
    assert "loopback" in answer.reason
    assert source.connections == 0


def test_no_proxy_of_the_environment_is_used(source: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert get(f"{source.url}/ok").code == 200


def test_tls_is_verified() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with stand_in(context) as server:
        url = f"https://localhost:{server.port}/ok"
        assert get(url).problem == "tls_failed"
        assert get(url, ca_file=str(CERTIFICATE)).code == 200
        assert len(server.requests) == 1


def test_connections_are_kept_and_a_thousand_requests_are_answered_each(source: StandIn) -> None:
    async def run() -> int:
        with closing(client(timeout_ms=10_000)) as http:
            finished = asyncio.get_running_loop().create_future()
            left = iter(range(1000))
            answered = 0

            def done(answer: Answer) -> None:
                nonlocal answered
                answered += answer.code == 200
                if (number := next(left, None)) is not None:
                    http.send(Request("GET", f"{source.url}/ok?id={number}"), done)
                elif answered == 1000:
                    finished.set_result(answered)

            for _ in range(16):
                http.send(Request("GET", f"{source.url}/ok?id={next(left)}"), done)
            return int(await asyncio.wait_for(finished, 20))

    assert asyncio.run(run()) == 1000
    assert set(source.count("/ok").values()) == {1}
    assert source.connections <= 16


def test_an_error_tells_nothing_of_the_url() -> None:
    assert "s3cret" not in repr(get(f"http://127.0.0.1:{free_port()}/?token=s3cret"))
