"""What is told to a webhook unasked: losses, approval rates that fell, steps that broke."""

import json
from base64 import b64encode
from decimal import Decimal
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier

from clickjoin.alerts.message import id_of, request_of
from clickjoin.alerts.rules import Alarm, approvals, below, losses, steps
from schemas.settings.alerts import DIMENSIONS, Alert
from schemas.settings.validation import validate
from schemas.settings.webhooks import Webhook
from sql.reports.dimensions import OF_CLICK
from streams.emit.conditions import conditions_of_webhook

DAY = 86_400_000
NOW = 1_795_255_200_000
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
LOSS = {"rule": "loss", "webhook": "crm", "spent": "20.00 USD"}


def alert(**said: Any) -> Alert:
    return Alert.model_validate({"webhook": "crm", **said})


def spender(**figures: Any) -> dict[str, Any]:
    row = {"source": "pops", "placement": "z1", "currency": "USD", "clicks": 900, "steps": {"install": 2}}
    money = {"cost": Decimal("45.00"), "payout": Decimal("2.40"), "profit": Decimal("-42.60")}
    return {**row, **money, "loss_probability": 0.991, **figures}


@pytest.mark.parametrize(
    ("figures", "is_told"),
    [
        ({}, True),
        ({"cost": Decimal("19.99")}, False),
        ({"cost": Decimal("20.00")}, True),
        ({"loss_probability": 0.94}, False),
        ({"loss_probability": None}, False),
        ({"currency": "EUR"}, False),
    ],
)
def test_a_loss_is_told_where_enough_was_spent_and_it_is_likely_enough(figures: dict[str, Any], is_told: bool) -> None:
    assert bool(list(losses("zones", alert(**LOSS), [spender(**figures)]))) is is_told


def test_a_loss_is_told_with_its_figures() -> None:
    (alarm,) = losses("zones", alert(**LOSS), [spender()])
    assert alarm.group == {"source": "pops", "placement": "z1"}
    assert alarm.figures["cost"] == Decimal("45.00")
    assert alarm.says == (
        "source pops, placement z1 spent 45.00 USD on 900 clicks and brought 2.40: "
        "it loses money with a probability of 99.1%"
    )


def decided(approved: int, of: int, approved_before: int = 800, before: int = 1000) -> list[dict[str, Any]]:
    return [
        {"network": "acme", "approved": approved, "decided": of}
        | {"approved_before": approved_before, "decided_before": before}
    ]


@pytest.mark.parametrize(
    ("rows", "is_told"),
    [
        (decided(40, 100), True),
        (decided(55, 100), False),  # it fell, but whether by a quarter is not sure
        (decided(79, 100), False),
        (decided(0, 49), False),  # too few
        (decided(0, 60), True),
        (decided(10, 100, 40, 49), False),  # too few before
        (decided(0, 100, 0, 1000), False),  # it never was any better
        (decided(400_000, 1_000_000, 800_000, 1_000_000), True),
    ],
)
def test_an_approval_rate_that_fell_by_more_than_chance_is_told(rows: list[dict[str, Any]], is_told: bool) -> None:
    assert bool(list(approvals("acme", alert(rule="approval"), rows))) is is_told


def test_a_step_that_broke_is_told_with_both_rates() -> None:
    row = {"campaign": "spring", "reached": 0, "clicks": 2000, "reached_before": 900, "clicks_before": 30_000}
    (alarm,) = steps("installs", alert(rule="step", event="install"), [row])
    assert (alarm.figures["rate"], alarm.figures["rate_before"]) == (0.0, 0.03)
    assert alarm.says == "campaign spring: the rate of install fell from 3.0% to 0.0% of 2,000 clicks"


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_what_is_known_of_a_rate_is_a_beta_distribution(successes: int, more: int, limit: float) -> None:
    trials = successes + more
    terms = (comb(trials + 1, n) * limit**n * (1 - limit) ** (trials + 1 - n) for n in range(successes + 1))
    assert below(successes, trials, limit) == pytest.approx(1 - sum(terms), abs=1e-9)


def test_of_many_trials_the_normal_distribution_says_the_same() -> None:
    exactly, nearly = below(1_960, 19_900, 0.1), below(2_010, 20_400, 0.1)
    assert exactly == pytest.approx(nearly, abs=0.01)
    assert below(0, 10**7, 0.1) == 1.0


def test_an_alarm_is_posted_under_one_id_a_day_and_signed_by_standard_webhooks() -> None:
    webhook = Webhook.model_validate(
        {"url": "https://crm.example/a", "secret": "env:CRM", "headers": {"x-team": "buyers"}},
        context={"env": {"CRM": SECRET}},
    )
    (alarm,) = losses("zones", alert(**LOSS), [spender()])
    request = request_of(alarm, webhook, NOW)
    body = json.loads(request.body)
    assert (request.method, request.url, request.headers["x-team"]) == ("POST", "https://crm.example/a", "buyers")
    assert (body["type"], body["timestamp"]) == ("alert.loss", "2026-11-21T10:00:00+00:00")
    assert body["data"]["figures"]["cost"] == "45.00"
    assert (
        Verifier(SECRET).sign(
            request.headers["webhook-id"], _second(request.headers["webhook-timestamp"]), request.body
        )
        == request.headers["webhook-signature"]
    )
    assert id_of(alarm, NOW) == id_of(alarm, NOW + 60_000) != id_of(alarm, NOW + DAY)
    other: Alarm = alarm._replace(group={"source": "pops", "placement": "z2"})
    assert id_of(other, NOW) != id_of(alarm, NOW)


def _second(text: str) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(text), UTC)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"webhook": "cmr"}, 'alerts.zones.webhook = "cmr": there is no [webhooks.cmr]: did you mean "crm"?'),
        ({"by": ["placment"]}, 'alerts.zones.by[0] = "placment": no dimension: there are campaign, source'),
        ({"where": {"colour": "red"}}, 'alerts.zones.where.colour = "red": no dimension'),
        ({"spent": None}, "alerts.zones.spent: is required: from which cost on it is told"),
        ({"event": "install"}, 'alerts.zones.event: is of the rule "step", and this is "loss": leave it out'),
        ({"fell": 0.5}, 'alerts.zones.fell: is of the rule "approval" and "step", and this is "loss"'),
        ({"rule": "lost"}, "alerts.zones.rule = \"lost\": write 'loss', 'approval' or 'step'"),
        ({"rule": "step", "spent": None}, "alerts.zones.event: is required"),
        ({"rule": "step", "spent": None, "event": "instal"}, "[events.instal]: did you mean \"install\"?"),
        ({"probability": 1}, "alerts.zones.probability = 1: "),
    ],
)  # fmt: skip
def test_a_mistake_in_an_alert_is_told_with_path_and_reason(said: dict[str, Any], told: str) -> None:
    whole = {key: value for key, value in {**LOSS, **said}.items() if value is not None}
    webhook = {"url": "https://crm.example/a", "secret": "env:CRM"}
    tree = {"alerts": {"zones": whole}, "webhooks": {"crm": webhook}, "events": {"install": {"step": 1}}}
    _, problems = validate(tree, {"CRM": SECRET})
    assert any(told in str(problem) for problem in problems), problems


def test_an_alert_goes_by_the_facts_of_a_click() -> None:
    assert DIMENSIONS == OF_CLICK


def test_a_webhook_of_alerts_alone_is_told_of_no_conversion() -> None:
    webhook = {"url": "https://crm.example/a", "secret": "env:CRM", "conversions": False}
    conditions = conditions_of_webhook(Webhook.model_validate(webhook, context={"env": {"CRM": SECRET}}))
    assert conditions.statuses == frozenset()
