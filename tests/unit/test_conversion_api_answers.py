"""What a conversion API answers is understood: a failure in a 200, a request for patience, what it had before."""

from functools import cache

import pytest

from schemas.settings.postbacks import Success
from streams.emit.retry import Answer, judge
from tests.platforms import KINDS
from tests.unit.test_conversion_apis import Sample, first, samples, settings


@cache
def success_of(kind: str) -> Success:
    return settings(kind, first(kind)).conversion_apis["api"].success


@pytest.mark.parametrize(("kind", "sample"), samples("taken"))
def test_what_it_says_of_a_conversion_that_it_took_is_a_success(kind: str, sample: Sample) -> None:
    success = success_of(kind)
    assert judge(Answer(200, "", 5, body=sample["taken"].encode()), success).reason == ""


@pytest.mark.parametrize(("kind", "sample"), samples("refused"))
def test_a_failure_in_a_200_is_a_failure_and_final(kind: str, sample: Sample) -> None:
    success = success_of(kind)
    verdict = judge(Answer(200, "", 5, body=sample["refused"].encode()), success)
    assert verdict.reason.startswith("refused: ")
    assert verdict.is_final


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ga4", "reddit", "google_data_manager"}))
def test_an_answer_that_cannot_be_read_is_asked_for_again(kind: str) -> None:
    success = success_of(kind)
    verdict = judge(Answer(200, "", 5, body=b'{"results":[{"gclid":"cut o'), success)
    assert verdict == ("unclear: the answer is no JSON", False)


def test_what_asks_for_patience_is_tried_again_whatever_its_code() -> None:
    for kind in KINDS:
        sample = first(kind)
        success = success_of(kind)
        for code in (200, 400, 401):
            if f"again_{code}" in sample:
                verdict = judge(Answer(code, "", 5, body=sample[f"again_{code}"].encode()), success)
                assert verdict.reason.startswith("refused_for_now: "), (kind, code)
                assert not verdict.is_final
            if f"refused_{code}" in sample:
                verdict = judge(Answer(code, "", 5, body=sample[f"refused_{code}"].encode()), success)
                assert verdict == (f"http_{code}", True), (kind, code)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":{"b":[{"c":1}]}}', ""),
        (b'{"a":{"b":[{"c":true}]}}', "refused: a.b.0.c is True"),
        (b'{"a":{"b":[{"c":"1"}]}}', "refused: a.b.0.c is 1"),
        (b'{"a":{"b":[]}}', "refused: a.b.0.c is not there"),
        (b'{"a":{"b":{"0":{"c":{}}}}}', "refused: a.b.0.c is no plain value"),
        (b'{"a":{"b":[{"c":"see https://x.example/?token=s3cret"}]}}', "refused: a.b.0.c is a text"),
        (b"[1]", "refused: a.b.0.c is not there"),
        (b'{"a":{"b":[{"c":1}]},"gone":{"x":1}}', "refused: the answer holds gone"),
        (b'{"a":{"b":[{"c":1}]},"gone":{}}', ""),
    ],
)
def test_a_place_in_an_answer_is_compared_exactly_and_told_in_plain_words(body: bytes, reason: str) -> None:
    success = Success(json_is={"a.b.0.c": 1}, json_lacks=("gone",))
    assert judge(Answer(200, "", 5, body=body), success).reason == reason


def test_what_says_that_it_had_it_before_has_it() -> None:
    taken = Success(codes=(200,), answer_taken=("already",), json_is={"ok": True})
    assert judge(Answer(409, "", 5, body=b"Already there"), taken).reason == ""
