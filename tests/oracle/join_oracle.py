"""What becomes of each postback, decided the slow and obvious way.

It shares no code with the join and none with its vocabulary: it reads the JSON on the topic, remembers everything for
ever, and looks through all of it each time. One oracle for each partition.
"""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.oracle.sale import (
    Sale,
    is_before,
    key_of,
    known_key,
    known_sale,
    money_of,
    sale_of,
    sale_tuple,
    told_at_of,
)

MOST_CONVERSIONS = 1000
MOST_WAITING = 100
DAY = 86_400_000
KEEP_DAYS = 7
NEVER = 1 << 63
OURS = re.compile("[0-9a-v]{32}")


@dataclass(frozen=True)
class Verdict:
    """What became of a postback at one record of the log."""

    postback_id: str
    outcome: str
    reason: str
    repeats: str
    previous_status: str
    offset: int  # of the record that caused it
    sale: tuple[Any, ...] | None = None  # as it stood after it
    campaign: str | None = None  # of the click it was credited to


@dataclass
class Early:
    """A postback that waits."""

    postback: dict[str, Any]
    until: int
    orphaned: bool = False


@dataclass
class Oracle:
    """Reads one partition from its first record on. `verdicts` has everything that it ever said, in order."""

    verdicts: list[Verdict] = field(default_factory=list)
    sales: dict[str, dict[tuple[Any, ...], Sale]] = field(default_factory=dict)  # of each click
    clicks: dict[str, dict[str, Any]] = field(default_factory=dict)
    early: dict[str, list[Early]] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)
    asking: set[str] = field(default_factory=set)  # clicks that ClickHouse is asked about
    forgotten: set[str] = field(default_factory=set)
    now: int = 0
    due: int = 0  # no deadline lies before it
    offset: int = 0

    def read(self, offset: int, appended_at: int, value: bytes) -> None:
        """One more record of the log."""
        self.offset, self.now = offset, max(self.now, appended_at)
        self._orphans()
        record = json.loads(value, parse_float=Decimal)
        kind = record["type"]
        if kind == "click" and record["click_id"] not in {*self.clicks, *self.forgotten}:
            self._come(record)
        elif kind == "facts" and record["click_id"] in self.asking:
            self.asking.discard(record["click_id"])
            self._look_up(record)
        elif kind == "postback" and (record["click_id"], record["postback_id"]) not in self.known:
            if record["click_id"]:
                self.known.add((record["click_id"], record["postback_id"]))
            self._arrive(record)
        elif kind == "forget":
            self._forget(record["click_id"])

    def last_words(self) -> dict[str, Verdict]:
        """What a table holds in the end: of each postback the last verdict."""
        return {verdict.postback_id: verdict for verdict in self.verdicts}

    def conversions(self) -> dict[str, tuple[Any, ...]]:
        """What a table of conversions holds in the end, by the postback that made each."""
        told = [verdict.sale for verdict in self.verdicts if verdict.sale]
        return {sale[0]: sale for sale in told}

    def total(self) -> dict[str, Decimal]:
        """The money of each currency."""
        totals: dict[str, Decimal] = {}
        for sale in (sale for of_click in self.sales.values() for sale in of_click.values()):
            if sale.amount is not None:
                totals[sale.currency] = totals.get(sale.currency, Decimal(0)) + sale.amount
        return totals

    def _come(self, click: dict[str, Any]) -> None:
        id_ = click["click_id"]
        self.clicks[id_] = click
        self.asking.discard(id_)
        for early in self.early.pop(id_, []):
            self._credit(early.postback)

    def _look_up(self, facts: dict[str, Any]) -> None:
        """What the tables know came before everything that waits. Or they know nothing."""
        if facts.get("forgotten"):
            waited = [one.postback for one in self.early[facts["click_id"]]]
            self._forget(facts["click_id"])
            for postback in waited:
                self.known.add((postback["click_id"], postback["postback_id"]))
                self._arrive(postback)
        if not facts.get("click") or facts.get("forgotten"):
            return
        id_, told = facts["click_id"], facts.get("conversions", [])
        before = {*facts.get("decided", []), *(one["postback_id"] for one in told)}
        self.known |= {(id_, postback_id) for postback_id in before}
        self.early[id_] = [one for one in self.early[id_] if one.postback["postback_id"] not in before]
        self.sales[id_] = {known_key(id_, one): known_sale(id_, one) for one in told}
        self._come(facts["click"])

    def _orphans(self) -> None:
        if self.now < self.due:
            return
        waiting = [(one.until, id_, one) for id_, all_ in self.early.items() for one in all_ if not one.orphaned]
        for until, _, one in sorted(waiting, key=lambda each: each[:2]):  # of one moment and click: as they came
            if until <= self.now:
                one.orphaned = True
                self._say(one.postback, "orphan", "no_click")
        self.due = min((until for until, _, one in waiting if not one.orphaned), default=NEVER)

    def _arrive(self, postback: dict[str, Any]) -> None:
        click_id = postback["click_id"]
        waiting = self.early.get(click_id, [])
        if click_id in self.forgotten:
            self._say(postback, "unattributed", "forgotten")
        elif click_id in self.clicks:
            self._credit(postback)
        elif not click_id:
            self._say(postback, "unattributed", "no_click_id")
        elif len(waiting) >= MOST_WAITING:
            self._say(postback, "unattributed", "too_many_waiting")
        else:
            until = self.now + max(1, postback.get("wait_ms", DAY))
            self.early.setdefault(click_id, []).append(Early(postback, until))
            self.due = min(self.due, until)
            cold = self._is_cold(click_id)
            if cold or not OURS.fullmatch(click_id):
                self.asking.add(click_id)
            self._say(postback, "waiting", "cold" if cold else "no_click")

    def _credit(self, postback: dict[str, Any]) -> None:
        click = self.clicks[postback["click_id"]]
        key = key_of(postback)
        sales = self.sales.setdefault(postback["click_id"], {})
        sale = sales.get(key)
        allowed, window = click.get("may_credit", []), postback.get("window_ms")
        if allowed and postback["network"] and postback["network"] not in allowed:
            self._say(postback, "unattributed", "network_may_not_credit")
        elif sale:
            self._again(sale, click, postback)
        elif window is not None and postback["received_at"] > click["clicked_at"] + window:
            self._say(postback, "late", "outside_window")
        elif len(sales) >= MOST_CONVERSIONS:
            self._say(postback, "unattributed", "too_many_conversions")
        else:
            sales[key] = sale = sale_of(click, postback)
            self._say(postback, "attributed", "", sale=sale)

    def _again(self, sale: Sale, click: dict[str, Any], postback: dict[str, Any]) -> None:
        txid, previous = postback.get("txid", ""), sale.status
        one_txid = postback.get("repeat", "ignore") == "ignore"
        if one_txid and txid and sale.txid and txid != sale.txid:
            return self._say(postback, "duplicate", "repeat_ignored", repeats=sale.made_by)
        if is_before(told_at_of(postback), sale.told_at):
            return self._say(postback, "duplicate", "older", repeats=sale.made_by)
        money = (sale.amount, sale.currency) if postback.get("payout") is None else money_of(click, postback)
        changed = (postback.get("status", "approved"), *money) != (sale.status, sale.amount, sale.currency)
        sale.status, sale.raw_status = postback.get("status", "approved"), postback.get("raw_status", "")
        sale.amount, sale.currency = money
        sale.txid, sale.told_at = sale.txid or txid, told_at_of(postback)
        if changed:
            return self._say(postback, "updated", "", sale=sale, previous_status=previous)
        return self._say(postback, "duplicate", "same", repeats=sale.made_by)

    def _say(
        self,
        postback: dict[str, Any],
        outcome: str,
        reason: str,
        *,
        repeats: str = "",
        previous_status: str = "",
        sale: Sale | None = None,
    ) -> None:
        told = sale_tuple(sale) if sale else None
        campaign = self.clicks[postback["click_id"]]["campaign"] if sale else None
        id_ = postback["postback_id"]
        offset = 0 if outcome in ("waiting", "orphan") and self._is_old(postback) else self.offset
        self.verdicts.append(Verdict(id_, outcome, reason, repeats, previous_status, offset, told, campaign))

    def _is_old(self, postback: dict[str, Any]) -> bool:
        """Received so long ago that another row may know better what became of it."""
        received_at: int = postback["received_at"]
        return self.now // DAY - received_at // DAY >= KEEP_DAYS

    def _is_cold(self, click_id: str) -> bool:
        """Whether the click is so old, as its first 48 bits say, that only ClickHouse may know it."""
        if not OURS.fullmatch(click_id):
            return False
        clicked_at = int(click_id, 32) >> 160 - 48
        return self.now // DAY - clicked_at // DAY >= KEEP_DAYS

    def _forget(self, click_id: str) -> None:
        self.forgotten.add(click_id)
        self.clicks.pop(click_id, None)
        self.early.pop(click_id, None)
        self.asking.discard(click_id)
        self.known = {one for one in self.known if one[0] != click_id}
        self.sales.pop(click_id, None)
