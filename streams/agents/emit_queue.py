"""What one partition has to send: a short window of each destination in memory, the rest on disk behind a cursor."""

from collections import defaultdict, deque
from collections.abc import Iterable

from streams.adapters.pending_store import NEVER, Entry, PendingStore
from streams.emit.pending import due_of

WINDOW = 256
"""Entries read ahead per destination."""


class Lane:
    """Of one destination in one partition: what was read ahead, and from where and when to read on."""

    def __init__(self) -> None:
        self.window: deque[Entry] = deque()
        self.told_of: set[str] = set()  # clicks of which an attempt is under way or not yet recorded
        self.cursor = b""
        self.look_at = 0  # milliseconds; before it the disk has nothing that is due behind the cursor

    def take(self) -> Entry | None:
        """The first that was read ahead of whose click nothing is being told: one after the other, in their order."""
        for index, entry in enumerate(self.window):
            if entry.delivery.click_id not in self.told_of:
                del self.window[index]
                self.told_of.add(entry.delivery.click_id)
                return entry
        return None


class Queue:
    """The lanes of a partition. An entry that was read ahead, is under way or is not yet recorded is `busy`."""

    def __init__(self, store: PendingStore) -> None:
        self._store = store
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._busy: dict[bytes, Entry] = {}
        self.reset()

    @property
    def destinations(self) -> Iterable[str]:
        """Those for which something waits or has waited."""
        return self._lanes.keys()

    def reset(self) -> None:
        """After somebody else's records were folded: forget what was read ahead, and look again."""
        for lane in self._lanes.values():
            for entry in lane.window:
                self._busy.pop(entry.id, None)
        for entry in self._busy.values():
            entry.standing = None  # what is under way may have moved in the queue, or ended
        self._lanes = defaultdict(Lane, {destination: Lane() for destination in self._store.destinations()})
        for entry in self._busy.values():
            self._lanes[entry.delivery.destination].told_of.add(entry.delivery.click_id)

    def add(self, entries: Iterable[Entry], now_ms: int) -> None:
        """Take up what has just entered the store's queue."""
        for entry in entries:
            assert entry.standing is not None
            key, due_at = entry.standing.key, due_of(entry.standing.key)
            lane = self._lanes[entry.delivery.destination]
            if due_at <= now_ms < lane.look_at and len(lane.window) < WINDOW and entry.id not in self._busy:
                lane.window.append(entry)
                lane.cursor = max(lane.cursor, key)
                self._busy[entry.id] = entry
            else:
                lane.look_at = min(lane.look_at, due_at)
                lane.cursor = min(lane.cursor, key)

    def take(self, destination: str, now_ms: int) -> Entry | None:
        """The next entry of a destination that is due. It stays busy, and its click too, until `release`."""
        lane = self._lanes.get(destination)
        if lane is None:
            return None
        if not lane.window and lane.look_at <= now_ms:
            self._read_ahead(destination, lane, now_ms)
        return lane.take()

    def _read_ahead(self, destination: str, lane: Lane, now_ms: int) -> None:
        entries, lane.look_at = self._store.due(destination, lane.cursor, now_ms, WINDOW, self._busy.__contains__)
        for entry in entries:
            assert entry.standing is not None
            self._busy[entry.id] = entry
            lane.cursor = entry.standing.key
        lane.window.extend(entries)

    def release(self, entries: Iterable[Entry]) -> None:
        """The results of these entries are recorded and folded."""
        for entry in entries:
            self._busy.pop(entry.id, None)
            self._lanes[entry.delivery.destination].told_of.discard(entry.delivery.click_id)

    def look_at(self, destination: str) -> int:
        """When to look there again, in milliseconds, where nothing is due now."""
        lane = self._lanes.get(destination)
        return lane.look_at if lane else NEVER
