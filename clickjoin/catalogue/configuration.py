"""What one process goes by: the file as it was last read, and the catalogue as it was last heard of."""

import os
from collections.abc import Callable
from pathlib import Path

from clickjoin.catalogue.follow import Follower
from clickjoin.catalogue.kept import keep
from clickjoin.data_folder import with_kept_secret
from clickjoin.logging import configure_logging
from presets.load import Tree, read_tree, whole
from presets.reload import Load
from schemas.catalogue import EMPTY, Catalogue
from schemas.settings.errors import ConfigError, Problem
from schemas.settings.file import Settings
from schemas.settings.masks import secret_values


class Configuration:
    """Of a role that runs. Whatever it reads it uses for the logs as well, whose secrets are hidden."""

    def __init__(self, role: str, file: Path, data: Path, *, keeps_secret: bool = False) -> None:
        """keeps_secret: whether the role needs the secret of the click IDs, which lies in the data folder."""
        self._role, self._file, self._data, self._keeps_secret = role, file, data, keeps_secret
        self._tree: Tree = {}
        self._catalogue = EMPTY

    def begin(self, find: Callable[[Settings], Catalogue]) -> Settings:
        """The first settings. find: the catalogue, asked for by those of the file alone. Raises ConfigError, OSError,
        ValueError, as the others do."""
        alone = self.read_again()
        self._catalogue = find(alone)
        return self._whole(self._tree, self._catalogue)

    def read_again(self) -> Settings:
        """By the file as it is now."""
        tree = read_tree(self._file)
        settings = self._whole(tree, self._catalogue)
        self._tree = tree
        return settings

    @property
    def tree(self) -> Tree:
        """The file as it counts."""
        return self._tree

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as it was last heard of."""
        return self._catalogue

    def heard(self, catalogue: Catalogue) -> None:
        """Take over what this process has changed itself; the settings follow."""
        if catalogue.version > self._catalogue.version:
            self._catalogue = catalogue
            keep(self._data, catalogue)

    def warnings(self) -> list[Problem]:
        """What `clickjoin check` says of the file as it is now and the catalogue: the mistakes, else the warnings."""
        try:
            return whole(read_tree(self._file), self._catalogue, os.environ)[1]
        except ConfigError as error:
            return list(error.problems)

    def follow(self, tell: Callable[[Load], None]) -> None:
        """Tell of every change of the catalogue from now on: a Follow of presets.reload."""

        def changed(catalogue: Catalogue) -> None:
            self._catalogue = catalogue
            tell(lambda: self._whole(self._tree, catalogue))

        kafka = self._whole(self._tree, EMPTY).kafka
        Follower(kafka, self._data, self._catalogue, changed).start()

    def _whole(self, tree: Tree, catalogue: Catalogue) -> Settings:
        settings, _ = whole(tree, catalogue, os.environ)
        settings = with_kept_secret(settings, self._data) if self._keeps_secret else settings
        configure_logging(secret_values(settings), role=self._role)
        return settings
