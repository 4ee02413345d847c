"""The join against the naive oracle, step by step: records come, time passes, workers fold, die and take over.

Whatever happens in whatever order: what was sent is what the oracle says, and nothing that was committed is missing.
"""

import msgspec
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schemas.records import Click, Event, Facts, Forget, Outcome, Postback, Tick
from schemas.wire import encode
from streams.join.fold import Folded, fold
from tests.oracle.join_oracle import Oracle, Verdict
from tests.properties.logs import IDS, SEED, as_records, clicks, logs, postbacks, same, weighted, whole
from tests.support.join_cold import minted
from tests.support.join_samples import HOUR, NOW, DictStates, Join, Logged, click_in, read
from tests.support.verdicts import conversions, money, rows, verdict_of

OLD = minted(days_ago=30)
CLICK_IDS = st.one_of(st.just("c1"), IDS, st.just(OLD))
PAUSES = st.sampled_from([1, 5, 20, 100, HOUR])  # in fifty steps never so long that a state is dropped
SIZES = st.integers(1, 12)
WORDS = {"attributed", "updated", "duplicate", "waiting", "late", "orphan", "unattributed"}


@st.composite
def answers(draw: st.DrawFn) -> Facts:
    """What a look-up tells of a click: what became of it in a life before this log, or nothing."""
    click_id = draw(CLICK_IDS)
    if draw(st.booleans()):
        return Facts(click_id=click_id, forgotten=draw(st.booleans()))
    then = Join()
    then.feed(msgspec.structs.replace(draw(clicks), click_id=click_id))
    for told in draw(st.lists(postbacks(st.just(click_id)), max_size=3)):
        then.feed(told)
    state = then.store.get([click_id])[0]
    return Facts(
        click_id=click_id,
        click=click_in(state),
        conversions=tuple(state.conversions.by_id.values()),
        decided=state.decided.latest,
    )


class JoinModel(RuleBasedStateMachine):
    """One partition: its log, the group's committed offset, a worker with what is on its disk, and other disks."""

    @initialize(already=weighted((1, st.just([])), (4, logs())))
    def begin(self, already: list[Logged]) -> None:
        """Mostly with something in the log: in many runs no rule is left by which a postback comes."""
        self.at, self.log = NOW, list[Logged]()
        self.oracle, self.said = Oracle(), [0]  # by offset: how many verdicts the oracle has before this record
        self.committed = 0
        self.store, self.disk = DictStates(), DictStates()  # in memory, and what a kill leaves of it
        self.other_disks: list[DictStates] = []
        self.sent: dict[tuple[str, int], bytes] = {}  # by postback and version, as on the topic
        self.outcomes: list[Outcome] = []  # the same, without repeats
        self.verdicts: set[Verdict] = set()
        for self.at, event in already:
            self._append(event)  # type: ignore[arg-type]

    # --- the log

    def _append(self, event: Event) -> None:
        (record,) = as_records([(self.at, event)])
        offset = len(self.log)
        self.log.append((self.at, event))
        self.oracle.read(offset, self.at, record.value)
        self.said.append(len(self.oracle.verdicts))

    @rule(told=st.lists(postbacks(CLICK_IDS), min_size=1, max_size=4))
    def postbacks_come(self, told: list[Postback]) -> None:
        for one in told:
            self._append(one)

    @rule(click=clicks, click_id=CLICK_IDS)
    def a_click_comes(self, click: Click, click_id: str) -> None:
        self._append(msgspec.structs.replace(click, click_id=click_id))

    @rule(click=clicks, told=st.lists(postbacks(st.just("c1")), min_size=2, max_size=8))
    def a_click_comes_and_much_is_told_of_it(self, click: Click, told: list[Postback]) -> None:
        self._append(msgspec.structs.replace(click, click_id="c1"))
        self.postbacks_come(told=told)

    @precondition(lambda self: self.log)
    @rule(back=st.integers(1, 20))
    def a_record_comes_again(self, back: int) -> None:
        self._append(self.log[-min(back, len(self.log))][1])  # type: ignore[arg-type]

    @rule()
    def the_owner_ticks(self) -> None:
        self._append(Tick())

    @rule(click_id=CLICK_IDS)
    def a_click_is_to_be_forgotten(self, click_id: str) -> None:
        self._append(Forget(click_id=click_id))

    @rule(facts=answers())
    def a_look_up_is_answered(self, facts: Facts) -> None:
        self._append(facts)

    @rule(pause=PAUSES)
    def time_passes(self, pause: int) -> None:
        self.at += pause

    @rule()
    def the_clock_of_the_broker_steps_back(self) -> None:
        self.at -= 3

    # --- the worker

    def _fold(self, store: DictStates, size: int) -> Folded | None:
        """The next batch; below the committed offset another worker has sent what it causes."""
        begin = store.position.next
        end = min(begin + size, self.committed if begin < self.committed else len(self.log))
        batch = as_records(self.log)[begin:end]
        return fold(store.position, batch, store) if batch else None

    def _send(self, outcomes: list[Outcome]) -> None:
        for one in outcomes:
            key = one.postback.postback_id, one.version
            if key in self.sent:
                assert self.sent[key] == encode(one), "sent again, and not the same"
            else:
                self.outcomes.append(one)
            self.sent[key] = encode(one)
            self.verdicts.add(verdict_of(one))

    def _process(self, store: DictStates, size: int) -> None:
        """Decide, send, store: as it should be."""
        silent = store.position.next < self.committed
        if folded := self._fold(store, size):
            assert folded.invalid == []
            if not silent:
                self._send(read(folded.outcomes))
            store.write(folded)

    @rule(size=SIZES)
    def the_worker_folds_a_batch(self, size: int) -> None:
        self._process(self.store, size)

    @rule()
    def the_worker_commits(self) -> None:
        self.committed = max(self.committed, self.store.position.next)

    @rule()
    def the_worker_flushes(self) -> None:
        self.disk = self.store.copy()

    @rule()
    def it_is_killed(self) -> None:
        """Between two batches: stored, perhaps not committed, perhaps not on the disk."""
        self.store = self.disk.copy()

    @rule(size=SIZES, part=st.integers(0, 12))
    def it_is_killed_while_it_sends(self, size: int, part: int) -> None:
        """A part of the outcomes is on the broker, all or none; its state was not written."""
        silent = self.store.position.next < self.committed
        if (folded := self._fold(self.store, size)) and not silent:
            self._send(read(folded.outcomes[:part]))
        self.it_is_killed()

    # --- other workers

    @rule()
    def it_loses_its_disk(self) -> None:
        self.store, self.disk = DictStates(), DictStates()

    @rule(which=st.integers(0, 5))
    def another_worker_takes_over(self, which: int) -> None:
        """It once had the partition, so its state is older; or it works on as if it still had it, so it is newer."""
        self.other_disks.append(self.disk)
        self.store = self.other_disks.pop(which % len(self.other_disks)).copy()
        self.disk = self.store.copy()

    @rule(size=SIZES)
    def somebody_who_lost_the_partition_goes_on(self, size: int) -> None:
        late = self.disk.copy()
        self._process(late, size)
        self.other_disks.append(late)

    # --- what holds after every step

    @invariant()
    def what_was_sent_is_what_the_oracle_says(self) -> None:
        done = self.said[max(self.committed, self.store.position.next)]
        missing = set(self.oracle.verdicts[:done]) - self.verdicts
        assert not missing, f"missing of what is done: {missing}"
        made_up = self.verdicts - set(self.oracle.verdicts)
        assert not made_up, f"the oracle does not say that: {made_up}"
        assert len(self.outcomes) == len(self.verdicts), "one decision in two versions"

    @invariant()
    def every_postback_that_is_done_has_one_row(self) -> None:
        done = max(self.committed, self.store.position.next)
        came = {event.postback_id for _, event in self.log[:done] if isinstance(event, Postback)}
        told = {postback_id for postback_id, _ in self.sent}
        known = {id_ for _, event in self.log[:done] if isinstance(event, Facts) for id_ in _decided_before(event)}
        assert came - known <= told, "a postback without a row"
        assert {one.outcome for one in self.outcomes} <= WORDS

    def teardown(self) -> None:
        """In the end everything is folded, and tables and state are what they are without any of this."""
        if not hasattr(self, "log"):
            return
        while self.store.position.next < len(self.log):
            self._process(self.store, 7)
        assert self.verdicts == set(self.oracle.verdicts)
        assert rows(self.outcomes) == self.oracle.last_words()
        # what a click had brought before it was forgotten is erased from the tables, not here
        if not self.oracle.forgotten:
            assert conversions(self.outcomes) == self.oracle.conversions()
            assert money(conversions(self.outcomes).values()) == money(self.oracle.conversions().values())
        assert {id_ for id_, state in self.store.states.items() if state.asking} == self.oracle.asking
        if self.log:
            _, expected = whole(as_records(self.log))
            assert same(self.store, expected)


def _decided_before(facts: Facts) -> set[str]:
    return {*facts.decided, *(conversion.postback_id for conversion in facts.conversions)}


def test_whatever_happens_to_records_and_workers_the_oracle_says_the_same() -> None:
    print(f"CLICKJOIN_TEST_SEED={SEED}")
    limits = settings(
        max_examples=100,
        stateful_step_count=50,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(JoinModel), settings=limits)
