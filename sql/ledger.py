"""Partners' conversions, and what was settled with them, as the tables have it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sql.statements import statement

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = Mapping[str, Any]
_FOR_EVER = 1 << 62


class Settlement(NamedTuple):
    """A month that was settled with a partner."""

    partner: str
    month: str
    settlement_id: str
    settled_at: datetime
    reference: str
    lines: int
    totals: dict[str, Decimal]


class Span(NamedTuple):
    """When conversions were received: since a millisecond, and in these months (UTC, 202611) before it."""

    since: int = 0
    months: tuple[int, ...] = ()

    def asked(self) -> dict[str, Any]:
        """As the statements take it."""
        return {"since": self.since, "months": list(self.months)}


EVER = Span()


def conversions(
    client: "Client", partner: str, accept: Sequence[str], campaigns: Sequence[str], until: int, span: Span = EVER
) -> list[Row]:
    """Those received before a millisecond, with what their click claimed (`claim`): whose it is has to be decided."""
    asked = {"partner": partner, "accept": list(accept), "campaigns": list(campaigns), "until": until}
    return list(client.query(statement("partner_conversions"), asked | span.asked()).named_results())


def months(
    client: "Client", partner: str, accept: Sequence[str], campaigns: Sequence[str], until: int
) -> list[tuple[Any, ...]]:
    """What these come to by month, as the columns of the statement: claim and campaign first."""
    asked = {"partner": partner, "accept": list(accept), "campaigns": list(campaigns), "until": until}
    return [tuple(row) for row in client.query(statement("partner_months"), asked).result_rows]


def clicks(
    client: "Client", partner: str, accept: Sequence[str], campaigns: Sequence[str], since: int, zone: str
) -> list[Row]:
    """day, campaign, claim, clicks: since a millisecond, days of a time zone. Whose they are has to be decided."""
    asked = {"partner": partner, "accept": list(accept), "campaigns": list(campaigns), "since": since, "zone": zone}
    return list(client.query(statement("partner_clicks"), asked).named_results())


def claims(client: "Client") -> list[Row]:
    """claim, campaign, clicks, conversions, first, last: of all that was ever claimed."""
    return list(client.query(statement("partner_claims")).named_results())


def lines(client: "Client", partner: str, span: Span = EVER) -> list[Row]:
    """What was settled of conversions received then, each with its `month`."""
    return list(client.query(statement("ledger_lines"), {"partner": partner} | span.asked()).named_results())


def settlements(client: "Client", partner: str = "") -> list[Settlement]:
    """The months that were settled with a partner, or with all of them."""
    rows = client.query(statement("settlements"), {"partner": partner}).result_rows
    return [Settlement(*row) for row in rows]


def settle(client: "Client", settlement: Settlement, rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> bool:
    """Write the lines, then the settlement that makes them count. False: somebody else had settled the month before."""
    written = [[settlement.partner, settlement.settlement_id, *row] for row in rows]
    if written:
        client.insert("ledger", written, column_names=["partner", "settlement_id", *columns])
    version = _FOR_EVER - round(settlement.settled_at.timestamp() * 1000)
    client.insert("settlements", [[*settlement, version]], column_names=[*Settlement._fields, "version"])
    found = {one.month: one.settlement_id for one in settlements(client, settlement.partner)}
    return found[settlement.month] == settlement.settlement_id
