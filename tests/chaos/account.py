"""The account after the storm: what the log says, against what was sent and what the tables hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from schemas.records import Outcome
from schemas.versions import MAX_OFFSET, epoch_of
from tests.chaos.storm import Outage
from tests.chaos.telling import MOST_OPEN
from tests.contracts.sink_records import rows
from tests.oracle.join_oracle import Oracle, Verdict
from tests.support.verdicts import conversions, judged, verdict_of
from tests.support.verdicts import rows as last_words

_SHOWN = 5

_POSTBACKS = "SELECT postback_id, outcome, reason, repeats, previous_status, version FROM postbacks FINAL"
_CONVERSIONS = """
SELECT postback_id, click_id, event, network, txid, status, raw_status, payout, currency,
    toUnixTimestamp64Milli(occurred_at), is_refund
FROM conversions FINAL
"""
_CLICKS = "SELECT click_id FROM clicks FINAL"


class Chapter(NamedTuple):
    """An epoch of `events`, whole."""

    epoch: int
    log: Sequence[ConsumerRecord]


@dataclass
class Account:
    """Figures, and what is not as it should be: each list is empty then."""

    records: int = 0
    postbacks: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # of each postback the last
    said: int = 0
    twice: int = 0
    told: int = 0  # deliveries that came to the source
    told_twice: int = 0  # how often one came again
    in_flight: int = 0  # how many could have been under way when emit or Kafka was killed
    cold: int = 0  # postbacks decided by a look-up
    waited: int = 0  # of them, for a ClickHouse that was away
    missing: list[Any] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """0 missing, 0 wrong, nothing stuck."""
        return not (self.missing or self.wrong or self.stuck)

    def problems(self) -> str:
        """The first of each."""
        told = {"missing": self.missing, "wrong": self.wrong, "stuck": self.stuck}
        return "\n".join(f"{name}: {one}" for name, all_ in told.items() for one in all_[:_SHOWN])


class Judge:
    """Reads every chapter with an oracle for each partition."""

    def __init__(self, account: Account, chapters: Sequence[Chapter], before: Sequence[Outcome]) -> None:
        """`before`: what the tables held when the storm began."""
        self._account, self._chapters, self._before = account, chapters, before
        self._oracles = [(one.epoch, oracle) for one in chapters for oracle in _oracles(one)]
        account.records = sum(len(one.log) for one in chapters)

    def outcomes(self, sent: Sequence[bytes], decoded: Sequence[Outcome]) -> None:
        """What was sent is what the logs say, whatever was sent twice."""
        expected = {(epoch, one) for epoch, oracle in self._oracles for one in oracle.verdicts}
        said = {(epoch_of(one.version), verdict_of(one)) for one in decoded}
        account = self._account
        account.said, account.twice = len(decoded), len(decoded) - len(said)
        account.missing += expected - said
        account.wrong += said - expected
        if len(set(sent)) != len(said):
            account.wrong.append(f"{len(set(sent)) - len(said)} that were sent again are not the same to the byte")

    def acknowledged(self, postback_ids: set[str]) -> None:
        """What the broker acknowledged is in the log."""
        known = {id_ for _, oracle in self._oracles for _, id_ in oracle.known}
        self._account.postbacks = len(postback_ids)
        self._account.missing += [f"{id_} was acknowledged" for id_ in sorted(postback_ids - known)]

    def tables(self, dsn: str) -> None:
        """One row for each postback, conversion and click, with the last word."""
        words = last_words(self._before)
        sold = conversions(self._before)
        for _, oracle in self._oracles:  # in the order of the epochs
            words |= oracle.last_words()
            sold |= oracle.conversions()
        self._account.outcomes = Counter(one.outcome for one in words.values())
        expected = {_row(one) for one in words.values()}
        self._compare("postbacks", expected, [_offset(row) for row in rows(dsn, _POSTBACKS)])
        self._compare("conversions", set(sold.values()), rows(dsn, _CONVERSIONS))
        clicks = {(id_,) for _, oracle in self._oracles for id_ in oracle.clicks}
        held = rows(dsn, _CLICKS)
        self._account.missing += [f"click {id_}" for id_ in clicks - set(held)]
        self._account.wrong += _twice("clicks", held)

    def source(self, expected: set[str], counts: Counter[str], out_of_date: set[str], interruptions: int) -> None:
        """Everything was told, and again at most what was in flight when something was killed."""
        account = self._account
        account.told, account.told_twice = len(counts), counts.total() - len(counts)
        account.in_flight = interruptions * MOST_OPEN
        account.missing += [f"delivery {id_}" for id_ in sorted(expected - counts.keys() - out_of_date)]
        account.wrong += [f"delivery {id_} of nothing that was said" for id_ in sorted(counts.keys() - expected)]
        if account.told_twice > account.in_flight:
            account.wrong.append(f"{account.told_twice} told again, at most {account.in_flight} were in flight")

    def outages(self, outages: Sequence[Outage]) -> None:
        """What came cold while ClickHouse was away was decided when it was back, not before."""
        for chapter in self._chapters:
            at = {(one.partition, one.offset): one.timestamp for one in chapter.log}
            for number, oracle in enumerate(_of(self._oracles, chapter.epoch)):
                self._waits(number, oracle, at, outages)

    def _waits(self, partition: int, oracle: Oracle, at: dict[tuple[int, int], int], outages: Sequence[Outage]) -> None:
        cold = {one.postback_id: at[partition, one.offset] for one in oracle.verdicts if one.reason == "cold"}
        for one in oracle.verdicts:
            if one.postback_id not in cold or one.outcome in ("waiting", "orphan"):
                continue
            came, decided = cold[one.postback_id], at[partition, one.offset]
            away = [outage for outage in outages if outage[0] < came < outage[1]]
            self._account.cold += 1
            self._account.waited += len(away)
            self._account.wrong += [
                f"{one.postback_id} came {came} and was decided {decided}, ClickHouse was away {outage}"
                for outage in away
                if decided < outage[1]
            ]

    def _compare(self, table: str, expected: set[Any], found: list[Any]) -> None:
        self._account.missing += [f"row of {table}: {row}" for row in expected - set(found)]
        self._account.wrong += [f"row of {table}: {row}" for row in set(found) - expected]
        self._account.wrong += _twice(table, found)


def _oracles(chapter: Chapter) -> list[Oracle]:
    by_partition: dict[int, list[ConsumerRecord]] = {}
    for record in chapter.log:
        by_partition.setdefault(record.partition, []).append(record)
    return [judged(sorted(by_partition[number], key=lambda one: one.offset)) for number in sorted(by_partition)]


def _of(oracles: Sequence[tuple[int, Oracle]], epoch: int) -> list[Oracle]:
    return [oracle for of, oracle in oracles if of == epoch]


def _row(one: Verdict) -> tuple[Any, ...]:
    return one.postback_id, one.outcome, one.reason, one.repeats, one.previous_status, one.offset


def _offset(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return *row[:-1], row[-1] >> 16 & MAX_OFFSET


def _twice(table: str, found: list[Any]) -> list[str]:
    ids = Counter(row[0] for row in found)
    return [f"{count} rows of {table} for {id_}" for id_, count in ids.items() if count > 1]
