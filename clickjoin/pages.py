"""What the dashboard needs of the rest, by the same code as the command line."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from clickjoin.cli.report_options import Choices, question, utc_now
from clickjoin.cli.status import document as status_document
from clickjoin.panels.everyone import panels
from clickjoin.partners.book import Account, CannotSettleError, account_of, statement_of, url_of
from clickjoin.partners.ledger import MONTH
from clickjoin.partners.statement import COLUMNS, rows_of
from clickjoin.status.overall import nobody_listens, read_status
from dashboard.services import CatalogueWriter, OwnTests, Resent, Services
from schemas.catalogue import Catalogue
from schemas.settings.errors import Problem
from schemas.settings.file import Settings
from schemas.settings.servers import Kafka
from sql.deliveries import Found
from sql.reports.question import Question

Did = TypeVar("Did")


class PartnerPages:
    """What the page of a partner asks for."""

    def __init__(self, settings: Callable[[], Settings], now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now

    def account(self, client: Client, name: str, since: datetime, zone: ZoneInfo) -> Account:
        """Their account."""
        return account_of(client, self._settings(), name, since, self._now(), zone)

    def url(self, name: str, campaign: str) -> str:
        """Their URL."""
        return url_of(self._settings(), name, campaign)

    def statement(self, client: Client, name: str, month: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Their lines of a month. Raises ValueError."""
        if not MONTH.fullmatch(month):
            raise ValueError(f"month={month}: write it like 2026-11")
        try:
            found = rows_of(statement_of(client, self._settings(), name, month, self._now()))
        except CannotSettleError as error:
            raise ValueError(str(error)) from None
        return COLUMNS, [[row[column] for column in COLUMNS] for row in found]


class Pages:
    """The services of one process; `use` lets them answer by other settings."""

    def __init__(
        self,
        settings: Settings,
        told: Callable[[], Sequence[Problem]] = tuple,
        now: Callable[[], datetime] = utc_now,
        *,
        catalogue: CatalogueWriter,
        known: Callable[[], Catalogue],
    ) -> None:
        """told: what `clickjoin check` says now. catalogue: changes it; known: as it was last heard of."""
        self._settings, self._told, self._now = settings, told, now
        self._catalogue, self._known = catalogue, known

    def use(self, settings: Settings) -> None:
        """Answer by other settings from now on."""
        self._settings = settings

    def services(self) -> Services:
        """What the pages are handed."""
        return Services(
            now=self._now,
            settings=lambda: self._settings,
            question=self._question,
            status=lambda: status_document(read_status(self._settings)),
            set_up=self._set_up,
            resend=self._resend,
            replay=self._replay,
            catalogue=self._catalogue,
            known=self._known,
            own_tests=self._own_tests,
            partner=PartnerPages(lambda: self._settings, self._now),
        )

    def _question(self, name: str, typed: Mapping[str, str], filters: Sequence[tuple[str, str]]) -> Question:
        flags = {word: bool(typed.get(word)) for word in ("strict", "tests", "bots")}
        words = {word: text for word, text in typed.items() if word not in flags and word != "decimals"}
        choices = Choices(**words, **flags, decimals=int(typed.get("decimals", "2")))  # type: ignore[arg-type]
        return replace(question(name, choices, self._settings, self._now()), filters=tuple(filters))

    def _set_up(self, *, hide_keys: bool) -> Mapping[str, Any]:
        found = panels(self._settings, hide_keys=hide_keys)._asdict()
        sections = {name: [entry._asdict() for entry in entries] for name, entries in found.items()}
        return {**sections, "warnings": [problem._asdict() for problem in self._told()]}

    def _own_tests(self) -> OwnTests:
        from clickjoin.own_tests.walk import OwnTests as Run

        return Run(self._settings)

    def _resend(self, found: Sequence[Found]) -> list[Resent]:
        """Raises OSError or ValueError where Kafka is away."""
        from clickjoin import wishes

        refused = [Resent(one.delivery_id, "", why) for one in found if (why := wishes.why_not_again(one))]
        possible = [one for one in found if not wishes.why_not_again(one)]
        wish = wishes.resend(time.time_ns() // 1_000_000)
        if not possible:
            return refused
        asked = self._with_kafka(lambda kafka, partitions: wishes.ask(kafka, partitions, possible, wish))
        return [Resent(*one) for one in asked] + refused

    def _replay(self, rows: Sequence[Sequence[Any]], *, send: bool, dry_run: bool) -> Mapping[str, Any]:
        """Raises OSError or ValueError."""
        from clickjoin.replays.run import looked_at, replay_of, replayed

        replay = replay_of(self._settings, send=send)
        if dry_run:
            return looked_at([rows], replay).document()
        figures = self._with_kafka(lambda kafka, partitions: replayed(kafka, partitions, [rows], replay))
        return figures.document()

    def _with_kafka(self, do: Callable[[Kafka, int], Did]) -> Did:
        """What is done with the broker and the number of partitions. Raises OSError, in words, where it is away."""
        import asyncio

        from aiokafka.errors import KafkaError

        from schemas.topics import TOPICS
        from streams.adapters.kafka import wait_for_broker

        kafka = self._settings.kafka
        if all(silent := [nobody_listens(server) for server in kafka.servers.split(",")]):
            raise OSError("; ".join(silent))
        try:
            return do(kafka, asyncio.run(wait_for_broker(kafka, TOPICS)))
        except KafkaError as error:
            raise OSError(str(error)) from error
