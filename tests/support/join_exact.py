"""Whether what a join worker has sent is what it must be."""

from schemas.topics import EVENTS
from tests.polling import until
from tests.support.pipeline import JoinWorker, Pipeline
from tests.support.verdicts import judged, verdict_of


def caught_up(pipeline: Pipeline, worker: JoinWorker, seconds: float = 40) -> None:
    def done() -> bool:
        assert worker.runs, worker.told()[-4000:]
        return pipeline.lag() == 0

    until(done, seconds, "everything is committed")


def assert_exact(pipeline: Pipeline) -> int:
    """Every outcome is one that the oracle expects, and none is missing. Returns how many were sent twice."""
    expected, sent = [], pipeline.outcomes()
    log = pipeline.read(EVENTS)
    for number in range(pipeline.partitions):
        expected += judged(sorted((r for r in log if r.partition == number), key=lambda r: r.offset)).verdicts
    assert set(map(verdict_of, sent)) == set(expected)
    return len(sent) - len(expected)
