"""What an answer means, when it is tried again, and when a destination is left alone."""

from typing import Any

import pytest

from schemas.settings.masks import hider
from schemas.settings.postbacks import Success
from streams.emit.breaker import FIRST_PAUSE, FIRST_WINDOW, LONGEST_PAUSE, OPEN_AFTER, Breaker
from streams.emit.endings import ended
from streams.emit.retry import Answer, after_attempt, judge, wait_ms
from tests.emit_samples import NOW, delivery

SCHEDULE = (0, 5_000, 30_000, 120_000)


def after(
    code: int = 0, problem: str = "", attempt: int = 0, retry_after_ms: int = 0, jitter: float = 0.5
) -> tuple[str, str, int]:
    before = delivery(state="retry" if attempt else "scheduled", attempt=attempt)
    made = after_attempt(
        before, Answer(code, problem, 12, retry_after_ms), SCHEDULE, jitter=jitter, now_ms=NOW, worker="w"
    )
    assert (made.attempt, made.at, made.code, made.took_ms, made.worker) == (attempt + 1, NOW, code, 12, "w")
    assert made.url == before.url
    return made.state, made.reason, made.next_attempt_at - NOW if made.next_attempt_at else 0


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_2xx_is_success(code: int) -> None:
    assert after(code) == ("delivered", "", 0)


@pytest.mark.parametrize("code", [301, 302, 400, 401, 403, 404, 410, 422])
def test_what_says_no_is_final(code: int) -> None:
    assert after(code) == ("failed", f"http_{code}", 0)


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 599])
def test_what_asks_for_patience_is_tried_again(code: int) -> None:
    assert after(code) == ("retry", f"http_{code}", 5_000)


@pytest.mark.parametrize("problem", ["timeout", "connection_refused", "dns_failed", "tls_failed", "address_refused"])
def test_no_answer_is_tried_again(problem: str) -> None:
    assert after(problem=problem) == ("retry", problem, 5_000)


def test_what_is_no_url_is_not_tried_again() -> None:
    assert after(problem="bad_url") == ("failed", "bad_url", 0)


def test_each_attempt_waits_as_the_schedule_says_and_the_last_one_is_final() -> None:
    assert [after(500, attempt=n)[2] for n in range(3)] == [5_000, 30_000, 120_000]
    assert after(500, attempt=3) == ("failed", "http_500; given up after 4 attempts", 0)


def test_the_beginning_of_an_answer_is_kept_on_one_line_without_our_secrets() -> None:
    said = b"no such\n  token s3cret%2Fkey\xff in ?k=s3cret/key " + b"x" * 4000
    made = after_attempt(
        delivery(),
        Answer(403, "", 12, body=said),
        SCHEDULE,
        jitter=0.5,
        now_ms=NOW,
        worker="w",
        hide=hider(["s3cret/key"]),
    )
    assert made.answer.startswith("no such token ***\ufffd in ?k=*** xxx")
    assert len(made.answer) == 200
    assert ended(made, "cancelled", "by_hand", NOW).answer == ""
    assert hider(["", "abc"])("abc of a word") == "abc of a word"


def test_jitter_moves_a_wait_by_a_tenth_at_most() -> None:
    assert (after(500, jitter=0.0)[2], after(500, jitter=1.0)[2]) == (4_500, 5_500)


def test_retry_after_prolongs_a_wait_but_not_beyond_the_longest_of_the_schedule() -> None:
    assert after(503, retry_after_ms=1_000)[2] == 5_000
    assert after(503, retry_after_ms=60_000)[2] == 60_000
    assert after(503, retry_after_ms=10**9)[2] == 120_000
    assert wait_ms(SCHEDULE, 4, 0.5, 1_000) is None


OK = Answer(200, "", 5, body=b'{"status":"Error","message":"Incorrect click_id"}')


@pytest.mark.parametrize(
    ("answer", "success", "state"),
    [
        (OK, {}, "delivered"),
        (OK, {"answer_lacks": ["nothing of it", '"status":"error"']}, "failed"),
        (OK, {"answer_has": ["incorrect", "x"]}, "delivered"),
        (OK, {"answer_has": ["1:0"]}, "retry"),
        (OK, {"codes": [204]}, "failed"),
        (Answer(204, "", 5), {"codes": [204]}, "delivered"),
        (Answer(302, "", 5), {"codes": [200, 302]}, "delivered"),
        (Answer(500, "", 5, body=b"1:0"), {"answer_has": ["1:0"]}, "retry"),
        (Answer(200, "", 5, body=b"\xff ok"), {"answer_has": ["OK"]}, "delivered"),
    ],
)
def test_a_source_says_itself_which_answers_are_successes_d14(
    answer: Answer, success: dict[str, Any], state: str
) -> None:
    made = after_attempt(
        delivery(), answer, SCHEDULE, jitter=0.5, now_ms=NOW, worker="w", success=Success.model_validate(success)
    )
    assert made.state == state
    assert bool(made.reason) == (state != "delivered")


def test_a_source_says_itself_which_answers_are_final() -> None:
    success = Success(final_codes=(501,), again_codes=(404, 302))
    final = {code: judge(Answer(code, "", 1), success).is_final for code in (302, 400, 404, 429, 500, 501)}
    assert final == {302: False, 400: True, 404: False, 429: False, 500: False, 501: True}
    with pytest.raises(ValueError, match="404 stands in two of codes, final_codes and again_codes"):
        Success(final_codes=(404,), again_codes=(404,))


@pytest.mark.parametrize("word", ["codes", "final_codes", "again_codes"])
def test_what_no_server_answers_is_no_code_of_success_or_failure(word: str) -> None:
    for code in (0, 20, 99, 600, 2000, -200):
        with pytest.raises(ValueError, match=r"than or equal to (100|599)"):
            Success.model_validate({word: [code]})
    assert Success.model_validate({word: [100, 599]})


def test_a_breaker_opens_after_failures_in_a_row_and_an_answer_closes_it() -> None:
    breaker = Breaker()
    for _ in range(OPEN_AFTER - 1):
        breaker.failed(0.0)
    assert breaker.room(0, 64, 0.0)
    breaker.answered()
    for _ in range(OPEN_AFTER - 1):
        breaker.failed(0.0)
    assert breaker.is_closed
    breaker.failed(0.0)
    assert not breaker.room(0, 64, 0.0)


def test_a_half_open_breaker_lets_one_through_and_that_decides() -> None:
    breaker = Breaker()
    for _ in range(OPEN_AFTER):
        breaker.failed(0.0)
    assert not breaker.room(0, 64, FIRST_PAUSE - 0.01)
    assert breaker.room(0, 64, FIRST_PAUSE)
    assert not breaker.room(1, 64, FIRST_PAUSE)
    breaker.answered()
    assert breaker.room(1, 64, FIRST_PAUSE)
    assert not breaker.room(1, 1, FIRST_PAUSE)


def test_a_destination_gets_more_at_a_time_as_it_answers_and_half_as_many_when_it_does_not() -> None:
    breaker = Breaker()
    assert breaker.room(FIRST_WINDOW - 1, 64, 0.0)
    assert not breaker.room(FIRST_WINDOW, 64, 0.0)
    for _ in range(100):
        breaker.answered()
    assert breaker.room(63, 64, 0.0)
    assert not breaker.room(64, 64, 0.0)
    breaker.failed(0.0)
    assert not breaker.room(52, 64, 0.0)
    assert breaker.room(51, 64, 0.0)


def test_the_pause_of_a_breaker_doubles_up_to_a_bound() -> None:
    breaker = Breaker()
    for _ in range(OPEN_AFTER):
        breaker.failed(0.0)
    assert breaker.open_until == FIRST_PAUSE
    breaker.failed(FIRST_PAUSE)
    assert breaker.open_until == 3 * FIRST_PAUSE
    for _ in range(5000):
        now = breaker.open_until
        breaker.failed(now)
    assert breaker.open_until - now == LONGEST_PAUSE


def test_many_that_fail_together_open_a_breaker_once() -> None:
    breaker = Breaker()
    for _ in range(64):
        breaker.failed(0.001)
    assert breaker.open_until == 0.001 + FIRST_PAUSE


@pytest.mark.parametrize("key", ["answer_has", "answer_lacks", "answer_taken"])
def test_a_text_that_every_answer_holds_does_not_load(key: str) -> None:
    with pytest.raises(ValueError, match="every answer holds an empty text"):
        Success.model_validate({key: ["OK", " "]})
