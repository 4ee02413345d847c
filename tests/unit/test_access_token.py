"""An access token is got once for all who wait, used while it lives, and never used again after a 401."""

import json
from collections.abc import Callable

from msgspec.structs import replace

from schemas.requests import Request, Terms
from streams.adapters.access_token import AccessToken
from streams.emit.retry import Answer

ASK = Request("POST", "https://accounts.example/token", {}, "refresh_token=s3cret")
TELL = Request("POST", "https://api.example/events", {"Content-Type": "application/json"}, "{}")
OK = Answer(200, "", 5)


class Client:
    """An HttpClient that is answered by hand."""

    def __init__(self) -> None:
        self.sent: list[tuple[Request, Callable[[Answer], None]]] = []

    def send(self, request: Request, done: Callable[[Answer], None], terms: Terms | None = None) -> None:
        self.sent.append((request, done))

    def close(self) -> None:
        pass

    def answer(self, *answers: Answer) -> list[Request]:
        """Answer what was sent; says what it was."""
        sent, self.sent = self.sent, []
        for (_, done), answer in zip(sent, answers, strict=True):
            done(answer)
        return [request for request, _ in sent]


def granted(token: str, **more: object) -> Answer:
    return Answer(200, "", 5, body=json.dumps({"access_token": token, **more}).encode())


def test_all_who_wait_are_sent_with_the_one_token() -> None:
    client, answers = Client(), list[Answer]()
    token = AccessToken(client, ASK)
    for _ in range(3):
        token.send(TELL, answers.append)
    assert client.answer(granted("first")) == [ASK]
    bearer = {"Content-Type": "application/json", "Authorization": "Bearer first"}
    assert client.answer(OK, OK, OK) == [replace(TELL, headers=bearer)] * 3
    assert answers == [OK] * 3


def test_a_token_is_used_until_shortly_before_its_end() -> None:
    client, now = Client(), [0.0]
    token = AccessToken(client, ASK, lambda: now[0])
    token.send(TELL, lambda _: None)
    client.answer(granted("first", expires_in=3600))
    client.answer(OK)
    now[0] = 3539.0
    token.send(TELL, lambda _: None)
    assert client.answer(OK)[0].headers["Authorization"] == "Bearer first"
    now[0] = 3541.0
    token.send(TELL, lambda _: None)
    assert client.answer(granted("second")) == [ASK]
    assert client.answer(OK)[0].headers["Authorization"] == "Bearer second"


def test_after_a_401_there_is_a_new_one() -> None:
    client, answers = Client(), list[Answer]()
    token = AccessToken(client, ASK)
    token.send(TELL, answers.append)
    client.answer(granted("first"))
    client.answer(Answer(401, "", 5))
    assert answers[0].code == 401
    token.send(TELL, answers.append)
    assert client.answer(granted("second")) == [ASK]


def test_without_a_token_nothing_is_sent_and_everybody_who_waited_hears_why() -> None:
    for bad, why in (
        (Answer(400, "", 5, body=b'{"error":"invalid_grant s3cret"}'), "http_400"),
        (Answer(0, "connection_refused", 5), "connection_refused"),
        (Answer(200, "", 5, body=b"<html>"), "the answer is no token"),
        (granted("a\r\nX-Evil: 1"), "the answer is no token"),
    ):
        client, answers = Client(), list[Answer]()
        token = AccessToken(client, ASK)
        token.send(TELL, answers.append)
        token.send(TELL, answers.append)
        client.answer(bad)
        assert client.sent == []
        assert [(answer.code, answer.reason) for answer in answers] == [(0, f"no_access_token: {why}")] * 2
        token.send(TELL, answers.append)
        assert client.answer(granted("at last")) == [ASK]
