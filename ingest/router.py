"""Chooses the offer of every click: by the rules, by what was learnt, and as the same visitor had it before."""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2s

from ingest.normalize_click import Asked
from ingest.routing.figures import NO_FIGURES, Figures
from ingest.routing.route import STICKY, TRAFFICBACK, Choice, chance_of, route, stays

MOST_VISITORS = 100_000
"""So many are remembered; the one who came longest ago is forgotten first."""


class Router:
    """What one ingest process decides by. `figures` of each campaign may be replaced at any time."""

    def __init__(self, figures: Mapping[str, Figures], most: int = MOST_VISITORS) -> None:
        self.figures = figures
        self._most = most
        self._kept: OrderedDict[bytes, tuple[Choice, int]] = OrderedDict()

    def __call__(self, asked: Asked) -> Choice:
        """The choice for a click."""
        plan = asked.plan.route
        if plan.only:
            return Choice(plan.only, "")
        figures = self.figures.get(asked.plan.name, NO_FIGURES)
        if plan.sticky_ms and asked.visitor.ip and not plan.is_paused:
            return self._sticky(asked, figures)
        return route(plan, asked.traits, figures, asked.now_ms, chance_of(asked.click_id))

    def _sticky(self, asked: Asked, figures: Figures) -> Choice:
        """As this visitor had it, as long as the campaign says. Another process chooses by the same chance."""
        plan, visitor, now = asked.plan.route, asked.visitor, asked.now_ms
        who = f"{asked.plan.name}\0{visitor.ip}\0{visitor.user_agent}"
        key = blake2s(who.encode("utf-8", "replace"), digest_size=8).digest()
        choice, until = self._kept.get(key, (None, 0))
        if choice and now < until and stays(plan, choice, asked.traits, figures, now):
            return choice._replace(by=STICKY)
        turn = (now + int.from_bytes(key, "big") % plan.sticky_ms) // plan.sticky_ms
        choice = route(plan, asked.traits, figures, now, chance_of(f"{who}\0{turn}"))
        if choice.by != TRAFFICBACK:
            self._kept[key] = (choice, now + plan.sticky_ms)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return choice
