"""Our words in the parameters of a request. Pure."""

from collections import defaultdict
from collections.abc import Mapping

from ingest.parameters import Params, element, find
from schemas.unreplaced import unreplaced_macro

MAX_TEXT = 1024
Names = tuple[str, ...]
"""Lower-cased names of parameters, of which the first that has a value counts."""
Found = tuple[str, str]
"""The parameter that carries a word, and its value, stripped; where none has one, the first that might, and nothing."""


class Words(dict[str, Names]):
    """The parameters that may carry each word. All words are read at once: a request has few parameters, and every
    word several names."""

    def __init__(self, names: Mapping[str, Names]) -> None:
        super().__init__(names)
        carried = defaultdict[str, list[str]](list)
        for word, several in names.items():
            for name in dict.fromkeys(several):
                carried[name].append(word)
        self._carried = {name: tuple(words) for name, words in carried.items()}
        self._silent = dict.fromkeys(names, "")
        self._unfound = {word: (several[0] if several else word, "") for word, several in names.items()}

    def said(self, params: Params) -> dict[str, str]:
        """What is said for each word, cut. A macro that was not replaced says nothing."""
        said = self._silent.copy()
        carried = self._carried
        for name, value in params.items():
            if name in carried and value and not unreplaced_macro(value):
                for word in carried[name]:
                    said[word] = first_text(params, self[word]) if said[word] else value[:MAX_TEXT]
        return said

    def found(self, params: Params, last: bool = False) -> dict[str, Found]:
        """Where each word is, as `find` says it."""
        found = self._unfound.copy()
        carried = self._carried
        for name, value in params.items():
            if name in carried and (value := value.strip()):
                if value[0] == "[" and not (value := element(value, last)):
                    continue
                for word in carried[name]:
                    found[word] = find(params, self[word], last) if found[word][1] else (name, value)
        return found


def first_text(params: Params, names: Names) -> str:
    """What is said by the first of these parameters that says something, cut."""
    for name in names:
        value = params.get(name)
        if value and not unreplaced_macro(value):
            return value[:MAX_TEXT]
    return ""


def first_of(params: Params, names: Names) -> Found:
    """The first of these parameters that has a value, and that; else nothing, whatever the value."""
    for name in names:
        if value := params.get(name):
            return name, value
    return "", ""
