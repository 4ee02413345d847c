"""What a source is told of money in its own currency, and what becomes of it without a rate."""

from decimal import Decimal
from typing import Any

import pytest

from presets.load import load_with_warnings
from schemas.records import Delivery, Outcome
from schemas.settings.file import Settings
from schemas.settings.rates import Rates
from schemas.settings.validation import validate
from streams.emit.endings import Review
from streams.emit.routes import routes_of, successes_of
from streams.emit.routing import deliveries_of
from tests.emit_samples import NOW, outcome

DAY = 86_400_000
URL = "https://pops.example/pb?cid={source_click_id}&p={payout|2}&c={currency}"
RATES = {"EUR": {"USD": {"2023-11-01": "1.05", "2023-11-14": "1.10"}}}  # NOW is in 2023-11-14


def configured(rates: dict[str, Any], **postback: Any) -> Settings:
    source = {"postbacks": {"*": {"url": URL, "currency": "EUR", **postback}}}
    return Settings.model_validate({"rates": rates, "sources": {"pops": source}}, context={"env": {}})


def told(rates: dict[str, Any], about: Outcome | None = None, **postback: Any) -> Delivery:
    (made,) = deliveries_of(about or outcome(), routes_of(configured(rates, **postback)), NOW)
    return made


def review(settings: Settings) -> Review:
    return Review(routes_of(settings), successes_of(settings).keys(), settings.emit.hold, 0)


def ends(made: Delivery) -> str:
    return made.url.partition("&")[2]


def test_a_source_is_told_in_its_own_currency_by_the_rate_of_the_conversions_day() -> None:
    assert ends(told(RATES)) == "p=1.09&c=EUR"  # 1.20 / 1.10
    before = outcome(conversion={"occurred_at": NOW - DAY})
    assert ends(told(RATES, before)) == "p=1.14&c=EUR"  # 1.20 / 1.05


def test_a_rate_serves_in_both_directions_and_the_direct_one_wins() -> None:
    assert ends(told({"USD": {"EUR": "0.5"}})) == "p=0.60&c=EUR"
    assert ends(told({"USD": {"EUR": "0.5"}, **RATES})) == "p=0.60&c=EUR"


def test_money_is_rounded_once_after_share_and_rate() -> None:
    about = outcome(conversion={"payout": Decimal("0.02999999")})
    assert ends(told({"USD": {"EUR": "0.5"}}, about, payout="33.3334%")) == "p=0.01&c=EUR"  # 0.0050000…, 0 if twice
    plain = "https://pops.example/?a&p={payout}"
    assert ends(told({"USD": {"EUR": "0.333333333333"}}, about, url=plain)) == "p=0.01"
    assert ends(told({"USD": {"EUR": "0.123456789"}}, url=plain)) == "p=0.14814815"


def test_the_largest_amount_by_the_largest_rate_is_written_whole() -> None:
    about = outcome(conversion={"payout": Decimal("9999999999999999.99999999")})
    assert ends(told({"USD": {"EUR": "999999999.999999999999"}}, about)).startswith("p=9999999999999999999")


def test_the_same_currency_and_no_payout_need_no_rate() -> None:
    assert ends(told({}, outcome(conversion={"currency": "EUR"}))) == "p=1.20&c=EUR"
    assert ends(told({}, outcome(conversion={"payout": None}))) == "p=0.00&c=EUR"
    assert ends(told({}, payout="none")) == "p=&c="
    assert told({}, url="https://pops.example/?cid={source_click_id}").state == "scheduled"


@pytest.mark.parametrize("rates", [{}, {"EUR": {"GBP": "0.9"}}, {"EUR": {"USD": {"2023-11-15": "1.1"}}}])
def test_without_a_rate_of_its_day_it_is_held_and_says_what_is_missing(rates: dict[str, Any]) -> None:
    made = told(rates)
    assert (made.state, made.next_attempt_at, made.url) == ("held", 0, "")
    assert made.reason.startswith("no_rate: [rates] has none of USD in EUR")


def test_what_is_held_is_scheduled_when_the_rate_is_there_with_the_same_id() -> None:
    held = told({})
    assert review(configured({})).of(held, NOW + 1) is None
    after = review(configured(RATES)).of(held, NOW + 5)
    assert after is not None
    assert (after.state, after.delivery_id, after.next_attempt_at) == ("scheduled", held.delivery_id, NOW + 5)
    assert (ends(after), after.reason, after.outcome) == ("p=1.09&c=EUR", "", None)


def test_what_is_held_for_too_long_expires_as_a_row() -> None:
    after = review(configured({})).of(told({}), NOW + 7 * DAY)
    assert after is not None
    assert (after.state, after.outcome) == ("expired", None)
    assert after.reason.startswith("no_rate: ")


def test_what_is_held_for_a_removed_source_or_event_is_cancelled_with_that_reason() -> None:
    held, nobody = told({}), Settings.model_validate({}, context={"env": {}})
    gone = review(nobody).of(held, NOW)
    assert gone is not None
    assert (gone.state, gone.reason.split(":")[0]) == ("cancelled", "destination_removed")
    other = {"sources": {"pops": {"postbacks": {"trial": {"url": URL}}}}}
    gone = review(Settings.model_validate(other, context={"env": {}})).of(held, NOW)
    assert gone is not None
    assert (gone.state, gone.reason.split(":")[0]) == ("cancelled", "event_removed")


def test_wrong_rates_are_refused_with_their_place_and_what_would_be_right() -> None:
    wrong = {"usd": {"EUR": "1"}, "USD": {"EUR": {"yesterday": "1", "2026-01-01": "a lot"}, "GBP": 0, "PLN": "-1"}}
    _, problems = validate({"rates": wrong}, {})
    said = {problem.path.removesuffix(".[key]"): problem.message for problem in problems}
    assert said["rates.USD.EUR.2026-01-01"] == 'write a rate as "1.0842"'
    assert "2026-11-21" in said["rates.USD.EUR.yesterday"]
    assert 'like "USD"' in said["rates.usd"]
    assert said["rates.USD.GBP"] == said["rates.USD.PLN"] == 'write a rate as "1.0842"'


def test_a_moment_before_every_calendar_has_no_rate_and_breaks_nothing() -> None:
    rates = Rates(configured(RATES).rates)
    assert rates.converted(Decimal(1), "EUR", "USD", -(1 << 62)) is None
    assert rates.converted(Decimal(1), "EUR", "USD", 1 << 62) == Decimal("1.10")


def test_check_points_out_a_currency_that_no_rate_leads_into(tmp_path: Any) -> None:
    file = tmp_path / "clickjoin.toml"
    text = '[sources.pops.postbacks."*"]\nurl = "https://p.example/?c={source_click_id}"\ncurrency = "EUR"\n'
    file.write_text(text)
    _, warnings = load_with_warnings(file, {})
    assert [one.path for one in warnings if "[rates]" in one.message] == ['sources.pops.postbacks."*".currency']
    file.write_text(text + '[rates.EUR]\nUSD = "1.1"\n')
    assert not [one for one in load_with_warnings(file, {})[1] if "[rates]" in one.message]
