"""The same join as a user of Faust would write it: an agent, Tables with changelogs, outputs sent one by one.

Records are faust.Records read with Faust's own JSON codec. The rules that this load needs are there (early, repeated,
attributed) and no others.
"""

from pathlib import Path
from typing import Any

import faust

EVENTS, OUTCOMES = "stock-events", "stock-outcomes"
PARTITIONS = 8
_TABLES = ("clicks", "converted", "seen", "waiting")


def changelogs(group: str) -> list[str]:
    """The topics behind the tables of a group. They must be there before it starts: Faust does not see its own."""
    return [f"{group}-{table}-changelog" for table in _TABLES]


class Click(faust.Record, serializer="json"):  # type: ignore[call-arg,misc]
    click_id: str
    clicked_at: int
    campaign: str
    source: str
    source_click_id: str
    offer: str
    placement: str = ""
    creative: str = ""
    country: str = ""
    ip: str = ""
    user_agent: str = ""


class Postback(faust.Record, serializer="json"):  # type: ignore[call-arg,misc]
    postback_id: str
    click_id: str
    event: str
    network: str
    received_at: int
    txid: str = ""
    payout: str = ""
    currency: str = ""


class Outcome(faust.Record, serializer="json"):  # type: ignore[call-arg,misc]
    outcome: str
    postback: Postback
    click: Click | None = None


class StockJoin:
    """The app, its tables and its agent."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.app = faust.App(
            folder.name,
            broker=f"kafka://{bootstrap}",
            datadir=str(folder),
            topic_partitions=PARTITIONS,
            topic_disable_leader=True,
            web_enabled=False,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=0.5,  # as our worker, so that both are sampled alike
        )
        self.clicks = self.app.Table("clicks")
        self.converted = self.app.Table("converted")
        self.seen = self.app.Table("seen")
        self.waiting = self.app.Table("waiting", default=list)
        self.outcomes = self.app.topic(OUTCOMES)
        events = self.app.topic(EVENTS, value_serializer="json", key_serializer="raw")
        self.app.agent(events, name="join")(self.join)

    async def join(self, stream: Any) -> None:
        """Decide each record."""
        async for event in stream:
            if event["type"] == "click":
                await self.on_click(Click.from_data(event))
            else:
                await self.on_postback(Postback.from_data(event))

    async def on_click(self, click: Click) -> None:
        if click.click_id in self.clicks:
            return
        self.clicks[click.click_id] = click
        if click.click_id in self.waiting:
            for postback in self.waiting.pop(click.click_id):
                await self.credit(click, postback)

    async def on_postback(self, postback: Postback) -> None:
        if postback.postback_id in self.seen:
            return
        self.seen[postback.postback_id] = True
        click = self.clicks.get(postback.click_id)
        if click is None:
            self.waiting[postback.click_id] = [*self.waiting[postback.click_id], postback]
            await self.send("waiting", postback)
        else:
            await self.credit(click, postback)

    async def credit(self, click: Click, postback: Postback) -> None:
        conversion = f"{postback.click_id}/{postback.event}"
        if conversion in self.converted:
            await self.send("duplicate", postback)
        else:
            self.converted[conversion] = postback.postback_id
            await self.send("attributed", postback, click)

    async def send(self, word: str, postback: Postback, click: Click | None = None) -> None:
        outcome = Outcome(outcome=word, postback=postback, click=click)
        await self.outcomes.send(key=postback.click_id, value=outcome)


def run_stock_join(bootstrap: str, folder: Path) -> int:
    """Run it as a worker until SIGTERM. Returns the exit code. The name of the folder is that of its group."""
    worker = faust.Worker(StockJoin(bootstrap, folder).app, loglevel="WARN", redirect_stdouts=False)
    try:
        worker.execute_from_commandline()
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else 0
    return 0
