"""A conversion API that is configured wrongly does not load, and it is said why."""

from urllib.parse import parse_qsl

from streams.emit.routes import manners_of
from tests.platforms import KINDS
from tests.unit.test_conversion_apis import checked, first, settings


def test_what_is_wrong_with_a_conversion_api_is_told_all_at_once() -> None:
    _, problems = checked(
        "snapchat", {"account": {"pixel": "p"}, "events": {"install": "INSTALL", "trail": "PURCHASE"}}, sources=["sum"]
    )
    assert problems == [
        "conversion_apis.api.account.token: is required by Snapchat's Conversions API: "
        'write token = "…", or "env:NAME"',
        'conversion_apis.api.events.install = "INSTALL": Snapchat\'s Conversions API has no such event: '
        'did you mean "APP_INSTALL"?',
        'conversion_apis.api.events.trail = "PURCHASE": there is no [events.trail]: there are install',
        'conversion_apis.api.sources[0] = "sum": there is no [sources.sum]: there are some',
    ]
    _, problems = checked("meta", {**first("meta")}, sources=[])
    assert problems == [
        'conversion_apis.api.sources: is required: write ["NAME"] of the source whose click IDs are those of this '
        "platform"
    ]
    _, problems = checked("myspace", first("meta"))
    assert problems == [f'conversion_apis.api.kind = "myspace": no such kind: there are {", ".join(KINDS)}']


def test_an_access_token_is_asked_for_with_what_the_account_holds() -> None:
    for kind in ("google_ads", "google_data_manager"):
        request = manners_of(settings(kind, first(kind))).token_requests["conversion_api/api"]
        assert (request.method, request.url) == ("POST", "https://oauth2.googleapis.com/token")
        assert dict(parse_qsl(request.body)) == {
            "grant_type": "refresh_token",
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "r",
        }
