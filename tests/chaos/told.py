"""What the join says while the storm rages, read as it comes."""

from aiokafka import ConsumerRecord
from kafka import KafkaConsumer, TopicPartition

from schemas.records import Outcome
from schemas.topics import OUTCOMES
from schemas.wire import decode_outcome
from tests.support.pipeline import SOON_BACK


class Told:
    """The topic `outcomes` from its beginning."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._partitions = [TopicPartition(OUTCOMES, number) for number in range(partitions)]
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, **SOON_BACK)
        self._consumer.assign(self._partitions)
        self._consumer.seek_to_beginning()
        self.values: list[bytes] = []
        self._latest: dict[str, tuple[int, str]] = {}  # of each postback the version and the outcome that count

    def read_on(self) -> None:
        """What came since the last call. Raises KafkaError; then some of it was read."""
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(tp) < ends[tp] for tp in self._partitions):
            for fetched in self._consumer.poll(1000).values():
                self._take(fetched)

    def outcomes(self) -> list[Outcome]:
        """Everything that was sent until the last call of `read_on`."""
        return [decode_outcome(value) for value in self.values]

    def outcome_of(self, postback_id: str) -> str:
        """What became of a postback; empty: nothing yet."""
        return self._latest.get(postback_id, (0, ""))[1]

    def count(self, outcome: str) -> int:
        """How many postbacks it became of."""
        return sum(word == outcome for _, word in self._latest.values())

    def close(self) -> None:
        self._consumer.close()

    def _take(self, records: list[ConsumerRecord]) -> None:
        for record in records:
            self.values.append(record.value)
            one = decode_outcome(record.value)
            id_ = one.postback.postback_id
            if one.version >= self._latest.get(id_, (0, ""))[0]:
                self._latest[id_] = one.version, one.outcome
