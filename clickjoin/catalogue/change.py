"""Changes the catalogue: validated as a whole, never over what somebody else changed meanwhile."""

import os
import time
from collections.abc import Callable, Mapping, Sequence

from clickjoin.catalogue.topic import Log, Reading
from presets.load import Tree, whole
from schemas.catalogue import (
    NONE,
    Catalogue,
    Change,
    ChangedMeanwhileError,
    Past,
    Revision,
    fold,
    history,
    needed,
    taken_back,
    versions_after,
)
from schemas.catalogue_problems import catalogue_problems
from schemas.settings.errors import ConfigError, Problem, path_text

_TRIES = 10
_MOST_TEXT = 200

Changed = tuple[Catalogue, tuple[Change, ...]]
"""The catalogue after a change, and what of the change changed anything."""


class Writer:
    """Changes the catalogue, in somebody's name. All of it raises TopicAwayError, which is an OSError."""

    def __init__(self, tree: Callable[[], Tree], log: Log, heard: Callable[[Catalogue], None]) -> None:
        """tree: the file as it counts now. heard: is told of the catalogue after a change."""
        self.file, self._log, self._heard = tree, log, heard

    def read(self) -> Catalogue:
        """The catalogue as it is now."""
        with self._log.opened() as topic:
            return topic.catalogue

    def past(self) -> list[Past]:
        """What was changed, the last first."""
        with self._log.opened() as topic:
            return history(topic.revisions)[::-1]

    def change(
        self,
        author: str,
        changes: Sequence[Change],
        expected: Mapping[str, int],
        note: str = "",
        *,
        dry_run: bool = False,
    ) -> Changed:
        """Make these changes at once.

        expected: which version each entry is to have, by its key; NONE: it must not be there. What is not in it is to
        have the version that it has at the first look. Raises ChangedMeanwhileError, ConfigError with all that is
        wrong, ValueError.
        """
        with self._log.opened() as topic:
            versions = {change.key: topic.catalogue.version_of(change.key) for change in changes} | dict(expected)
            for _ in range(_TRIES):
                found = topic.catalogue
                really = self._checked(found, changes, versions)
                if dry_run or not really:
                    return found, really
                who, why = author[:_MOST_TEXT], note[:_MOST_TEXT]
                at = time.time_ns() // 1_000_000
                if self._counts(topic, Revision(base=found.version, at=at, author=who, note=why, changes=really)):
                    self._heard(topic.catalogue)
                    return topic.catalogue, really
        raise OSError("others change the catalogue all the time: try again")

    def take_back(self, author: str, version: int, note: str = "") -> Changed:
        """Make of what one revision changed what it was before it. Raises LookupError where there is none of that
        version, ChangedMeanwhileError where any of it was changed since, and ConfigError."""
        past = next((past for past in self.past() if past.version == version), None)
        if past is None:
            raise LookupError(f"there is no version {version} in the history")
        return self.change(author, taken_back(past), versions_after(past), note or f"takes back {version}")

    def _checked(self, found: Catalogue, changes: Sequence[Change], versions: Mapping[str, int]) -> tuple[Change, ...]:
        """Those that change anything. Raises what `change` raises."""
        tree = self.file()
        problems = catalogue_problems(tree, changes)
        for key, version in versions.items():
            if found.version_of(key) != version and not problems:
                raise ChangedMeanwhileError(key, found.version_of(key), version)
        problems += [
            Problem(path_text((change.kind, change.name)), "", "is not in the catalogue")
            for change in changes
            if change.entry is None and found.version_of(change.key) == NONE and not problems
        ]
        if problems:
            raise ConfigError(problems)
        really = needed(found, changes)
        after = fold(found, found.version + 1, Revision(base=found.version, at=0, author="", changes=really))
        whole(tree, after, os.environ)
        return really

    def _counts(self, topic: Reading, revision: Revision) -> bool:
        """Whether it counts: nobody else was faster."""
        offset = self._log.append(revision)
        topic.catch_up(offset + 1)
        return any(past.version == offset for past in history(topic.revisions))
