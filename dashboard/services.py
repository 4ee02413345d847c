"""What the pages need of the rest of clickjoin, handed to them by whoever starts them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from schemas.catalogue import Catalogue, Change, Past
from schemas.settings.file import Settings
from sql.deliveries import Found
from sql.reports.question import Question

Document = Mapping[str, Any]


class Resent(NamedTuple):
    """What was asked of one delivery; or why it was not."""

    delivery_id: str
    new_id: str
    problem: str


class SetUpDocument(Protocol):
    """Finds what to paste into each panel."""

    def __call__(self, *, hide_keys: bool) -> Document:
        """Without the networks' keys where they are to be hidden."""


class ReplayOfRows(Protocol):
    """Reads requests again that could not be used, by the configuration of today."""

    def __call__(self, rows: Sequence[Sequence[Any]], *, send: bool, dry_run: bool) -> Document:
        """Rows as sql.invalid finds them. send: sources are told of it. Returns what became of them, as
        `clickjoin replay invalid --json` prints it. Raises OSError or ValueError, in words."""


class CatalogueWriter(Protocol):
    """Changes the catalogue in somebody's name. All of it raises OSError, in words, where Kafka is away."""

    def file(self) -> Document:
        """The file as it counts now, as it is written: it may hold secrets."""

    def past(self) -> list[Past]:
        """What was changed, the last first."""

    def change(
        self, author: str, changes: Sequence[Change], expected: Mapping[str, int], note: str = ""
    ) -> tuple[Catalogue, tuple[Change, ...]]:
        """Make these changes at once, where each entry still has the version that is expected of it. Returns the
        catalogue after them. Raises ConfigError, ChangedMeanwhileError, ValueError."""

    def take_back(self, author: str, version: int, note: str = "") -> tuple[Catalogue, tuple[Change, ...]]:
        """Make of what one version changed what it was before. Raises LookupError besides."""


class OwnTests(Protocol):
    """An operator's own tests, by the configuration as it is. All of it raises OSError, LookupError or ValueError, in
    words."""

    def told_at_once(self) -> Mapping[str, Sequence[str]]:
        """By source the destinations that are told of a test without being asked to: their own setting says so."""

    def tellable(self, campaign: str, network: str) -> Sequence[tuple[str, str]]:
        """Destinations that can be told, each with an event."""

    def walk(self, campaign: str, network: str, source_click_id: str) -> Document:
        """Send a test click, then a test postback of each event; what ingest answered to each."""

    def tell(self, destination: str, event: str, source_click_id: str) -> Document:
        """Tell a destination of one event; what it answered."""


class PartnerBook(Protocol):
    """What a partner may know: of their own clicks, in their own amounts."""

    def account(self, client: Client, name: str, since: datetime, zone: ZoneInfo) -> Any:
        """What clickjoin.partners.book.account_of finds: the balances, the settlements, the funnel since a moment."""

    def url(self, name: str, campaign: str) -> str:
        """Their URL of a campaign."""

    def statement(self, client: Client, name: str, month: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """The columns and lines of their statement of a month (`2026-11`). Raises ValueError, in words."""


@dataclass(frozen=True)
class Services:
    """Each answers anew whenever it is called; `settings` are those of the last good configuration."""

    now: Callable[[], datetime]
    settings: Callable[[], Settings]
    question: Callable[[str, Mapping[str, str], Sequence[tuple[str, str]]], Question]
    """Of a report's name, what was chosen for it in the words of the command line, and filters. Raises ValueError."""
    status: Callable[[], Document]
    """As `clickjoin status --json` prints it: asks Kafka and ingest, and takes seconds where they are away."""
    set_up: SetUpDocument
    """As `clickjoin check --json` prints it."""
    resend: Callable[[Sequence[Found]], list[Resent]]
    """Asks that deliveries are sent again. Raises OSError or ValueError, in words, where Kafka is away."""
    replay: ReplayOfRows
    catalogue: CatalogueWriter
    known: Callable[[], Catalogue]
    """The catalogue as it was last heard of."""
    own_tests: Callable[[], OwnTests]
    partner: PartnerBook
