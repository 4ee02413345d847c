"""What was removed from the log before a role had read it: where that is, and letting the role go on behind it."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import IllegalGenerationError, NoError, RebalanceInProgressError, UnknownMemberIdError
from kafka.structs import OffsetAndMetadata

from clickjoin.status.overall import READS

_LOOK_AGAIN = 0.5  # seconds
_HAS_MEMBERS = (UnknownMemberIdError, IllegalGenerationError, RebalanceInProgressError)


class Gap(NamedTuple):
    """A partition whose log begins behind where a role resumes."""

    role: str
    topic: str
    partition: int
    resumes_at: int
    begins_at: int

    @property
    def records(self) -> int:
        """How many the role will never read."""
        return self.begins_at - self.resumes_at


class StillWorkingError(Exception):
    """A worker of the role is in its group: what the group commits is not for others to say."""


def gaps(admin: Any, partitions: Mapping[str, int]) -> list[Gap]:
    """All of them, in the topics of these names with so many partitions. admin: kafka-python's. Raises KafkaError."""
    every = [TopicPartition(name, number) for name, count in partitions.items() for number in range(count)]
    if not every:
        return []
    begins = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.EARLIEST))
    found: list[Gap] = []
    for role, (group, names) in READS.items():
        stands = admin.list_group_offsets(group).get(group, {})
        mine = sorted(tp for tp in stands if tp.topic in names and tp in begins)
        read = [Gap(role, tp.topic, tp.partition, stands[tp].offset, begins[tp].offset) for tp in mine]
        found += [gap for gap in read if gap.resumes_at >= 0 and gap.records > 0]
    return found


def skip(admin: Any, found: Sequence[Gap], patience: float) -> None:
    """Commit for each role the beginnings of these logs.

    patience: seconds to wait until a role has no worker in its group; one that fails at the gap leaves it for a while
    before it is started again. Raises StillWorkingError, and KafkaError.
    """
    deadline = time.monotonic() + patience
    for role in dict.fromkeys(gap.role for gap in found):
        at = {TopicPartition(gap.topic, gap.partition): gap.begins_at for gap in found if gap.role == role}
        offsets = {tp: OffsetAndMetadata(offset, "", -1) for tp, offset in at.items()}
        while not _committed(admin, READS[role][0], offsets):
            if time.monotonic() > deadline:
                raise StillWorkingError(f"{role} still has workers in its group: stop them, then say this again")
            time.sleep(_LOOK_AGAIN)


def _committed(admin: Any, group: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> bool:
    """Whether the broker took them. It takes none for a group that has members. Raises KafkaError."""
    for answer in admin.alter_group_offsets(group, offsets).values():
        if answer in _HAS_MEMBERS:
            return False
        if answer is not NoError:
            raise answer(f"the offsets of {group} were not taken")
    return True
