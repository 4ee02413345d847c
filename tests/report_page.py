"""`python -m tests.report_page`: the generated part of docs/reports.md, written anew.

Each report's question, a command, its statement and its answer, from the real engine, about tests.support.report_story.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from clickhouse_connect.driver.client import Client

from clickjoin.cli.report_options import Choices, question
from clickjoin.cli.report_table import cells
from schemas.settings.file import Settings
from sql.connect import connect
from sql.reports.ask import ask, shown
from sql.reports.catalogue import REPORTS
from tests.contracts.clickhouse_front import FrontProcess
from tests.contracts.sink_records import dsn_of
from tests.support.report_rows import load
from tests.support.report_story import NOW, story

PAGE = Path(__file__).parents[1] / "docs" / "reports.md"
MARK = "<!-- from here on `make docs-reports` writes -->\n"
_SETTINGS = Settings.model_validate(
    {"events": {"install": {"step": 1}, "trial": {"step": 2}, "subscribe": {"step": 3, "repeat": "new"}}}
)
_TYPED = {
    "funnel": ("--group-by source --strict", Choices(group_by="source", strict=True)),
    "time": ("--from 2026-08-03 --to 2026-08-09", Choices("2026-08-03", "2026-08-09")),
    "revenue": ("--group-by campaign", Choices(group_by="campaign")),
    "cohorts": ("--status approved,pending --period 30d", Choices(status="approved,pending", period="30d")),
    "ltv": ("--group-by source --decimals 3", Choices(group_by="source", decimals=3)),
    "approval": ("--by conversion --group-by event", Choices(by="conversion", group_by="event")),
    "latency": ("--group-by source", Choices(group_by="source")),
    "quality": ("", Choices()),
    "offers": ("--group-by source", Choices(group_by="source")),
    "optimise": ("--group-by creative --from 2026-08-03", Choices(group_by="creative", since="2026-08-03")),
}
"""What is asked of each report, as it is typed and as it is understood."""


def generated(client: Client) -> str:
    """The page below its mark. The tables hold the story."""
    return "\n".join(_section(client, name) for name in REPORTS)


def _section(client: Client, name: str) -> str:
    typed, choices = _TYPED[name]
    asked = question(name, choices, _SETTINGS, NOW)
    answer = ask(client, asked)
    rows = [cells(answer.columns, row, with_bars=False) for row in answer.rows]
    table = [answer.columns, tuple("---" for _ in answer.columns), *rows]
    return "\n".join(
        (
            f"## {name}: {REPORTS[name].question}\n",
            f"```sh\n{f'clickjoin report {name} {typed}'.rstrip()}\n```\n",
            *(f"| {' | '.join(line)} |" for line in table),
            f"\n<details><summary>--sql</summary>\n\n```sql\n{shown(asked).rstrip()}\n```\n\n</details>\n",
        )
    )


def main() -> int:
    """Write the page. Returns the exit code."""
    with tempfile.TemporaryDirectory() as folder, FrontProcess(Path(folder) / "data") as front:
        client = connect(dsn_of(front.clickhouse, "story"))
        load(client, story())
        head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(head + MARK + "\n" + generated(client), encoding="utf-8")
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
