"""The partners of bench/oracle: what their shares are, whose each claim is, and a month settled with all of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from clickjoin.partners.book import settle
from schemas.partner_claims import claim
from schemas.settings.file import Settings
from sql.connect import connect

SECRET, KEY = "the secret of the click IDs", "a key of keyed's own"
CAMPAIGNS = ("spring", "summer", "winter")
_OWN = "winter"
_STEPS = 40
_MOST_SHARE = 90  # percent, of the last step


class Rule(NamedTuple):
    """From which conversion of a month on a partner gets what of an event."""

    partner: str
    event: str  # "*": of any other
    after: int
    percent: str
    fixed: str
    currency: str
    retroactive: bool


def owners() -> Iterator[tuple[str, str, str]]:
    """What `partner=` says, the campaign of the click, and whose it is then: by how the claims are made."""
    for campaign in CAMPAIGNS:
        for name in ("percent", "mixed", "steps", "lifted"):
            yield claim(SECRET, name, campaign), campaign, name
        yield claim(KEY, "keyed", campaign), campaign, "keyed"
        yield "mistyped", campaign, "percent"


def said_of(campaign: str) -> tuple[str, ...]:
    """What clicks of a campaign say, also what credits nobody."""
    right = [said for said, of, _ in owners() if of == campaign]
    forged = claim(SECRET, "keyed", campaign)
    elsewhere = claim(SECRET, "percent", "winter" if campaign == "spring" else "spring")
    return (*right, "", "percent", "nobody.0123456789abcdef", forged, elsewhere)


def rules(records: int) -> list[Rule]:
    """Their shares, with steps that so much traffic reaches and crosses again."""
    step = max(1, records // 4000)

    def steps(partner: str, event: str, retroactive: bool) -> list[Rule]:
        shares = ((number * step, 10 + number * (_MOST_SHARE - 10) / _STEPS) for number in range(_STEPS))
        return [Rule(partner, event, after, f"{share:g}", "", "", retroactive) for after, share in shares]

    return [
        Rule("percent", "*", 0, "70", "", "", False),
        Rule("mixed", "install", 0, "33.33", "", "", False),
        Rule("mixed", "*", 0, "", "1.55", "USD", False),
        Rule("keyed", "subscribe", 0, "12.5", "", "", False),
        Rule("own", "*", 0, "100", "", "", False),
        *steps("steps", "install", False),
        Rule("steps", "*", 0, "50", "", "", False),
        *steps("lifted", "*", True),
    ]


def holds(began: int) -> dict[str, int]:
    """So long, in milliseconds, a partner's conversions are not payable: of `mixed` half of the first month's."""
    return {"percent": 0, "mixed": month_ends(began)[0] - (began + 3 * 3_600_000), "steps": 0} | dict.fromkeys(
        ("lifted", "keyed", "own"), 0
    )


def month_ends(began: int) -> tuple[int, int]:
    """When the month of a moment is over, and the one after it; in milliseconds."""
    first = datetime.fromtimestamp(began / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    second = (first + timedelta(days=32)).replace(day=1)
    third = (second + timedelta(days=32)).replace(day=1)
    return round(second.timestamp() * 1000), round(third.timestamp() * 1000)


def settings_of(records: int, began: int) -> Settings:
    """The same as it stands in a configuration."""
    partners: dict[str, Any] = {name: {"hold": f"{hold // 1000}s", "shares": {}} for name, hold in holds(began).items()}
    for rule in rules(records):
        share = f"{rule.percent}%" if rule.percent else f"{rule.fixed} {rule.currency}"
        of_event = partners[rule.partner]["shares"].setdefault(
            rule.event, {"steps": [], "retroactive": rule.retroactive}
        )
        of_event["steps"].append({"after": rule.after, "share": share})
    partners["percent"]["accept"] = ["mistyped"]
    partners["keyed"]["key"] = KEY
    partners["own"]["campaigns"] = [_OWN]
    return Settings.model_validate({"ingest": {"secrets": [SECRET]}, "partners": partners})


def settle_all(dsn: str, settings: Settings, ends: int) -> None:
    """Settle the month that ends then with every partner, by what ClickHouse has now."""
    over = datetime.fromtimestamp(ends / 1000, UTC)
    month = f"{over - timedelta(days=1):%Y-%m}"
    client = connect(dsn, send_receive_timeout=1800)
    try:
        for name in settings.partners:
            settle(client, settings, name, month, "", over + timedelta(minutes=1))
    finally:
        client.close()
