"""The story: clicks, the postbacks about them, and the account of what must come of each. Pure.

Every scenario says itself what it sends and what that has to make; nothing here knows how the join decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

DAY_MS = 86_400_000
INSTALL_WINDOW_DAYS = 30  # as in demo.toml

SOURCES = ("pops", "push", "native")
_GOALS = {"install": "goal_1", "trial": "goal_2", "subscribe": "goal_3"}  # acme's words
_STATES = {"approved": "approve", "pending": "hold", "rejected": "decline"}
_TOLD_AS = {  # which events a source is told about, and by which word (demo.toml)
    "pops": {"install": "install", "trial": "trial", "subscribe": "subscribe"},
    "push": {"install": "1", "subscribe": "3"},
    "native": {"install": "install", "trial": "trial", "subscribe": "subscribe"},
}


@dataclass(frozen=True)
class Report:
    """A postback: its parameters but for the click ID. before_click: it is sent before the click is."""

    network: str
    params: dict[str, str]
    before_click: bool = False


@dataclass(frozen=True)
class Conversion:
    """What must be in ClickHouse in the end."""

    event: str
    txid: str
    status: str
    payout: Decimal | None


@dataclass(frozen=True)
class Told:
    """What the source must receive, once."""

    source: str
    source_click_id: str
    goal: str
    payout: str


@dataclass
class Visit:
    """One click with everything that is reported of it, in the order in which it is sent, and its account."""

    number: int
    source: str
    source_click_id: str
    age_ms: int = 0  # the click is so old (a source that records clicks itself says when they were)
    params: dict[str, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    refused: list[Report] = field(default_factory=list)  # must be answered 400
    conversions: list[Conversion] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    clicks: int = 1  # how often the click is sent: 0 never, 2 twice

    @property
    def campaign(self) -> str:
        """Of the click URL."""
        return f"spring-{self.source}"

    @property
    def brings_id(self) -> bool:
        """Whether its source records the click itself, under its own ID."""
        return self.source == "native"


def visits(count: int, seed: int) -> Iterator[Visit]:
    """So many visits, the same for the same seed."""
    random = Random(seed)  # noqa: S311 - a story, no secret
    for number in range(count):
        yield _visit(number, seed, random)


def _visit(number: int, seed: int, random: Random) -> Visit:
    source = random.choices(SOURCES, (5, 3, 2))[0]
    # A source click ID has to come back byte for byte: some hold what must be encoded.
    odd = random.choice(("", "", "", "", "+/=", "ä&x=1", "{payout}", "%41"))
    visit = Visit(number, source, f"{source[:2]}-{seed}-{number}{odd}")
    visit.params = {
        "creative": f"banner-{random.randint(1, 6)}",
        "placement": f"zone-{random.randint(1, 40)}",
        "country": random.choice(("DE", "FR", "US", "BR", "IN")),
        "sub1": f"s{random.randint(1, 9)}",
    }
    if random.random() < 0.30:
        _pick(random, _INSTALLS)(visit, random)
        if random.random() < 0.45:
            _pick(random, _TRIALS)(visit, random)
        if random.random() < 0.25:
            _subscribe(visit, random)
    if random.random() < 0.01:
        visit.refused.append(Report("acme", {"aff_sub": "{click_id}", "goal": "goal_1"}))
    if random.random() < 0.02 and visit.brings_id and visit.clicks:
        visit.clicks = 2  # the source repeats itself: still one click
    return visit


Scenarios = dict[Callable[[Visit, Random], None], int]
"""What can happen, with its weight."""


def _pick(random: Random, weighted: Scenarios) -> Callable[[Visit, Random], None]:
    return random.choices(list(weighted), list(weighted.values()))[0]


def _report(visit: Visit, event: str, txid: str, status: str = "", payout: str = "", at: int = 0) -> Report:
    """In the words of the network that reports for this source."""
    if visit.brings_id:
        words = {"event": event, "txid": txid, "status": status, "payout": payout}
        at_word = "occurred_at"
        network = "billing"
    else:
        words = {"goal": _GOALS[event], "txid": txid, "state": _STATES.get(status, ""), "payout": payout}
        at_word, network = "at", "acme"
    params = {word: value for word, value in words.items() if value}
    if payout:
        params["currency"] = "usd"
    if at:
        params[at_word] = str(at)
    return Report(network, params)


def _expect(visit: Visit, event: str, txid: str, status: str, payout: str | None, told: str | None) -> None:
    visit.conversions.append(Conversion(event, txid, status, None if payout is None else Decimal(payout)))
    word = _TOLD_AS[visit.source].get(event)
    if told is not None and word is not None:
        visit.told.append(Told(visit.source, visit.source_click_id, word, told))


def _plain_install(visit: Visit, random: Random) -> None:
    visit.reports.append(_report(visit, "install", f"i{visit.number}", "approved", "1.50"))
    _expect(visit, "install", f"i{visit.number}", "approved", "1.50", "1.50")


def _install_without_amount(visit: Visit, random: Random) -> None:
    """The offer's payout counts where the network sends none; "app" has none."""
    visit.reports.append(_report(visit, "install", f"i{visit.number}"))
    payout = None if visit.brings_id else "1.20"
    _expect(visit, "install", f"i{visit.number}", "approved", payout, payout or "0")


def _repeated_install(visit: Visit, random: Random) -> None:
    """The same postback again, and another transaction of an event that counts once."""
    one = _report(visit, "install", f"i{visit.number}", "approved", "1.50")
    again = _report(visit, "install", f"i{visit.number}-again", "approved", "1.50")
    visit.reports += [one, one, again]
    _expect(visit, "install", f"i{visit.number}", "approved", "1.50", "1.50")


def _late_install(visit: Visit, random: Random) -> None:
    """Only a source that says when its clicks were can have one that old: for the others it is a plain install."""
    if not visit.brings_id:
        return _plain_install(visit, random)
    visit.age_ms = (INSTALL_WINDOW_DAYS + random.randint(1, 30)) * DAY_MS
    visit.reports.append(_report(visit, "install", f"i{visit.number}", "approved", "1.50"))
    return None


def _early_install(visit: Visit, random: Random) -> None:
    """The postback overtakes its click, which only brought IDs make possible."""
    if not visit.brings_id:
        return _plain_install(visit, random)
    report = _report(visit, "install", f"i{visit.number}", "approved", "1.50")
    visit.reports.append(Report(report.network, report.params, before_click=True))
    _expect(visit, "install", f"i{visit.number}", "approved", "1.50", "1.50")
    return None


def _orphan_install(visit: Visit, random: Random) -> None:
    """Its click never comes: the postback waits."""
    if not visit.brings_id:
        return _plain_install(visit, random)
    visit.clicks = 0
    visit.reports.append(_report(visit, "install", f"i{visit.number}", "approved", "1.50"))
    return None


_INSTALLS: Scenarios = {
    _plain_install: 10,
    _install_without_amount: 5,
    _repeated_install: 3,
    _late_install: 2,
    _early_install: 3,
    _orphan_install: 1,
}


def _approved_trial(visit: Visit, random: Random) -> None:
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.00"))
    _unless_orphan(visit, "trial", f"t{visit.number}", "approved", "2.00", "2.00")


def _pending_then_approved(visit: Visit, random: Random) -> None:
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "pending", "2.00"))
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.00"))
    _unless_orphan(visit, "trial", f"t{visit.number}", "approved", "2.00", "2.00")


def _approved_then_rejected(visit: Visit, random: Random) -> None:
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.00"))
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "rejected", "2.00"))
    _unless_orphan(visit, "trial", f"t{visit.number}", "rejected", "2.00", "2.00")


def _older_status_comes_last(visit: Visit, random: Random) -> None:
    """The network's own times decide, not the order in which they arrive."""
    at = 1_700_000_000 + visit.number
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.00", at + 60))
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "pending", "2.00", at))
    _unless_orphan(visit, "trial", f"t{visit.number}", "approved", "2.00", "2.00")


def _corrected_amount(visit: Visit, random: Random) -> None:
    """The source was told of the first amount, and is not told again."""
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.00"))
    visit.reports.append(_report(visit, "trial", f"t{visit.number}", "approved", "2.35"))
    _unless_orphan(visit, "trial", f"t{visit.number}", "approved", "2.35", "2.00")


_TRIALS: Scenarios = {
    _approved_trial: 6,
    _pending_then_approved: 4,
    _approved_then_rejected: 1,
    _older_status_comes_last: 1,
    _corrected_amount: 1,
}


def _subscribe(visit: Visit, random: Random) -> None:
    """A subscription with its renewals, each repeated now and then."""
    for renewal in range(random.randint(1, 3)):
        txid, payout = f"s{visit.number}-{renewal}", random.choice(("9.99", "0.10", "19.90"))
        report = _report(visit, "subscribe", txid, "approved", payout)
        visit.reports += [report] * random.choice((1, 1, 1, 2))
        _unless_orphan(visit, "subscribe", txid, "approved", payout, payout)


def _unless_orphan(visit: Visit, event: str, txid: str, status: str, payout: str, told: str) -> None:
    if visit.clicks:
        _expect(visit, event, txid, status, payout, told)
