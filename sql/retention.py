"""How long the tables keep rows: a TTL in whole days, on columns that no later version of a row changes. Pure.

What an ID says alone dates clicks and what came of them; of IDs that a source brought, which say nothing, when we
received it.
"""

import re
from collections.abc import Mapping

_BY_ID = "if(id_day > '1970-01-01', id_day, toDate({moment}))"
_DAY = {
    "clicks": _BY_ID.format(moment="received_at"),
    "conversions": _BY_ID.format(moment="received_at"),
    "postbacks": "toDate(received_at)",
    "deliveries": _BY_ID.format(moment="attempted_at"),
    "invalid": "toDate(received_at)",
    "costs": "day",
}
TABLES = tuple(_DAY)
_TTL = re.compile(r" TTL (.*?)(?: SETTINGS |$)")


def changes(engines: Mapping[str, str], days: Mapping[str, int | None]) -> dict[str, str]:
    """The statement for each table that keeps its rows otherwise than it should.

    engines: `engine_full` of the tables there are. days: for which rows are to be kept; None: for ever.
    """
    found = {}
    for table in TABLES:
        wanted = f"{_DAY[table]} + toIntervalDay({days[table]})" if days.get(table) else ""
        held = _TTL.search(engines.get(table, ""))
        if (held[1] if held else "") != wanted:
            found[table] = f"ALTER TABLE {table} " + (f"MODIFY TTL {wanted}" if wanted else "REMOVE TTL")
    return found
