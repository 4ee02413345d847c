"""Handing out slots: which delivery is sent next, so that no destination waits for another one."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from functools import partial

import structlog

from schemas.requests import Request, Terms
from schemas.settings.servers import Emit
from streams.adapters.access_token import AccessToken
from streams.adapters.http import HttpClient
from streams.adapters.pending_store import Entry
from streams.agents.crash import crash
from streams.agents.emit_outbox import Destination, Outbox
from streams.emit.pace import Paces
from streams.emit.retry import ANY_2XX, HOPELESS, Answer, after_attempt
from streams.emit.routes import Manners
from streams.emit.signature import signed
from streams.metrics import EmitMetrics

log = structlog.get_logger(__name__)

TICK = 0.02
"""Seconds between two looks for what became due."""


def boot_time() -> float:
    """Seconds since the machine started, its suspension included: the clock of the lease."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def now_ms() -> int:
    """The wall clock in milliseconds."""
    return time.time_ns() // 1_000_000


class Sender:
    """Sends what is due while the lease lasts. Results that are not recorded count as open: no broker, no sending."""

    def __init__(
        self,
        http: HttpClient,
        settings: Emit,
        worker: str,
        metrics: EmitMetrics,
        manners: Manners,
        partitions: int,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._metrics, self._http, self._worker, self._jitter = metrics, http, worker, jitter
        self._tokens: dict[str, AccessToken] = {}
        self.use(settings, manners)
        self._destinations: dict[str, Destination] = {}
        self._partitions, self._outboxes = partitions, set[Outbox]()  # all there are, and what is ours of them
        self._open = 0  # in flight, or not yet recorded
        self._lease_until = 0.0
        self._paused = False  # for want of a lease, after there was one
        self._nudged = False
        self.sent = 0

    def use(self, settings: Emit, manners: Manners) -> None:
        """Send by these from now on."""
        self._max_open, self._manners, self._paces = settings.max_open, manners, Paces(manners.sendings, settings)
        self._tokens = {name: self._token(name, request) for name, request in manners.token_requests.items()}

    def _token(self, name: str, request: Request) -> AccessToken:
        """The one there is, where it is got as before."""
        known = self._tokens.get(name)
        return known if known and known.request == request else AccessToken(self._http, request)

    def lease(self, until: float) -> None:
        """The partitions are ours until this moment of boot_time()."""
        self._lease_until = until
        if self._paused:
            self._paused = False
            log.info("sending_again")
        self.nudge()

    def refresh(self, outbox: Outbox) -> None:
        """The queue of this outbox changed: look at it again."""
        if not outbox.is_sending:
            return
        self._outboxes.add(outbox)
        for name in outbox.queue.destinations:
            destination = self._destinations.get(name) or self._add(name)
            if outbox not in destination.turn:
                destination.turn.append(outbox)
            destination.look_at = 0
        self.nudge()

    def _add(self, name: str) -> Destination:
        self._metrics.breaker(name, is_open=False)
        self._destinations[name] = Destination(name)
        return self._destinations[name]

    def detach(self, outbox: Outbox) -> None:
        """Send nothing more of this outbox."""
        outbox.is_sending = False
        self._outboxes.discard(outbox)
        for destination in self._destinations.values():
            if outbox in destination.turn:
                destination.turn.remove(outbox)

    def abandon(self, outbox: Outbox) -> None:
        """Nobody will record the results of this outbox any more; those still to come are dropped."""
        outbox.is_recording = False
        self._open -= len(outbox.results)
        outbox.results = []

    def recorded(self, count: int) -> None:
        """So many results are on the broker."""
        self._open -= count
        self.nudge()

    async def run(self) -> None:
        """Look for what becomes due, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            self._pump()

    def nudge(self) -> None:
        """Look soon; many nudges in one turn of the loop are one look."""
        if not self._nudged:
            self._nudged = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._nudged = False
        try:
            self._hand_out(now_ms(), time.monotonic())
        except Exception as error:
            crash("emit sender", error)

    def _hand_out(self, now: int, monotonic: float) -> None:
        """One slot to each destination in turn: one that hangs holds its own slots at most."""
        ready = deque(found for found in self._destinations.values() if found.look_at <= now and found.turn)
        while ready and self._open < self._max_open:
            destination = ready.popleft()
            pace = self._paces.of(destination.name)
            if not destination.breaker.room(destination.in_flight, pace.concurrency, monotonic):
                continue
            if pace.rate and not destination.meter.room(monotonic):
                continue
            if not self._holds_lease():
                return
            found = destination.next(now)
            if found:
                if pace.rate:
                    destination.meter.took(pace.rate, len(self._outboxes) / self._partitions, monotonic)
                self._start(destination, *found, pace.terms)
                ready.append(destination)

    def _holds_lease(self) -> bool:
        """Without it the worker was stopped, cut off or expelled, and what is due is not its own to send."""
        if boot_time() < self._lease_until:
            return True
        if self._lease_until and not self._paused:
            self._paused = True
            log.warning("sending_paused", reason="no commit succeeded lately, so the partitions may be another's")
        return False

    def _start(self, destination: Destination, outbox: Outbox, entry: Entry, terms: Terms) -> None:
        destination.in_flight += 1
        outbox.in_flight += 1
        outbox.quiet.clear()
        self._open += 1
        self.sent += 1
        told = entry.delivery
        headers = told.headers
        if key := self._manners.signing_keys.get(destination.name):
            headers = signed(headers, told.body, key, told.delivery_id, now_ms() // 1000)
        request = Request(told.method, told.url, headers, told.body)
        http = self._tokens.get(destination.name, self._http)
        http.send(request, partial(self._answered, destination, outbox, entry), terms)

    def _answered(self, destination: Destination, outbox: Outbox, entry: Entry, answer: Answer) -> None:
        destination.in_flight -= 1
        outbox.in_flight -= 1
        if not outbox.in_flight:
            outbox.quiet.set()
        self._tell_breaker(destination, answer)
        if not outbox.is_recording:
            self._open -= 1
            return
        pace = self._paces.of(destination.name)
        result = after_attempt(
            entry.delivery,
            answer,
            pace.schedule,
            jitter=self._jitter(),
            now_ms=now_ms(),
            worker=self._worker,
            success=self._manners.successes.get(destination.name, ANY_2XX),
            repeat_unanswered=pace.terms.repeat_unanswered,
            hide=self._manners.hide,
        )
        outbox.results.append((entry, result))
        outbox.came.set()
        self.nudge()

    def _tell_breaker(self, destination: Destination, answer: Answer) -> None:
        was_closed = destination.breaker.is_closed
        if answer.code:
            destination.breaker.answered()
        elif answer.problem not in HOPELESS:
            destination.breaker.failed(time.monotonic())
        if was_closed and not destination.breaker.is_closed:
            self._metrics.breaker(destination.name, is_open=True)
            log.warning("destination_away", destination=destination.name, reason=answer.reason)
        elif destination.breaker.is_closed and not was_closed:
            self._metrics.breaker(destination.name, is_open=False)
            log.info("destination_back", destination=destination.name)
