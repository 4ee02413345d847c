"""Campaigns and what they need, made and changed on a page; who changed what, and the way back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboard.entries import COLUMNS, Listed, listed, masked, matching
from dashboard.entry_form import FIELDS, WHOLE, Form, entry_of, form_of, told, typed
from dashboard.pages.time_zone import zone_of
from dashboard.passwords import SHORTEST, hashed
from dashboard.render import Renderer
from dashboard.services import Services
from presets.load import preset_names
from schemas.catalogue import NONE, Change, ChangedMeanwhileError, differences, key_of
from schemas.settings.errors import ConfigError
from schemas.settings.secrets import is_hash

_MOST = 200
_PASSWORD = "password"  # noqa: S105 - the name of a key
_FOUND, _SEE_OTHER, _CONFLICT, _UNPROCESSABLE, _AWAY = 200, 303, 409, 422, 503
_PAUSABLE = ("campaigns", "partners")
NOBODY = "dashboard"
"""In whose name something is changed where there are no users."""


class CataloguePages:
    """The list, the form of one entry, and the history."""

    def __init__(self, services: Services, renderer: Renderer) -> None:
        self._services, self._renderer = services, renderer

    def page(self, request: Request) -> Response:
        """All entries of a kind."""
        return self._list(request, _kind(request.query_params.get("kind", "campaigns")))

    def entry(self, request: Request) -> Response:
        """The form of one entry; of a new one where none is named; of a copy of one."""
        given = request.query_params
        kind, name, copied = _kind(given.get("kind", "")), given.get("name", ""), given.get("copy", "")
        found = {one.name: one for one in self._entries(request, kind)}.get(name or copied)
        if found is None and (name or copied):
            return self._list(request, kind, f"There is no {kind}/{name or copied}.", 404)
        form = form_of(kind, name, found.entry if found else {})
        held = found.held if name and found else None
        return self._form(request, form, held.version if held else NONE)

    def save(self, request: Request) -> Response:
        """Make or change an entry; what is wrong with it is shown at its fields."""
        given = request.state.form
        kind = _kind(given.get("kind", ""))
        form, expected = typed(kind, given), _version(given.get("version", ""))
        entry, wrong = entry_of(form)
        if kind == "partners":
            entry, wrong = _hashed(entry, wrong)
        if wrong or not form.name:
            wrong = wrong or {WHOLE: ("write a name, like spring_sale",)}
            return self._form(request, form._replace(problems=wrong), expected, _UNPROCESSABLE)
        change, note = Change(kind, form.name, entry), given.get("note", "")
        try:
            return self._done(kind, self._change(request, [change], {change.key: expected}, note))
        except ConfigError as error:
            return self._form(request, told(form, error.problems), expected, _UNPROCESSABLE)
        except (ChangedMeanwhileError, OSError, ValueError) as error:
            return self._form(request, form._replace(problems={WHOLE: (_why(error),)}), expected, _status(error))

    def remove(self, request: Request) -> Response:
        """Take an entry out."""
        given = request.state.form
        kind, name = _kind(given.get("kind", "")), given.get("name", "")
        expected = {key_of(kind, name): _version(given.get("version", ""))}
        return self._try(request, kind, lambda: self._change(request, [Change(kind, name)], expected, ""))

    def pause(self, request: Request) -> Response:
        """Pause a campaign or a partner, or end that."""
        given = request.state.form
        kind, name = _kind(given.get("kind", "")), given.get("name", "")
        held = self._services.known().named(kind).get(name)
        if held is None:
            return self._list(request, kind, f"There is no {kind}/{name} in the catalogue.", 404)
        rest = {key: value for key, value in held.entry.items() if key != "paused"}
        change = Change(kind, name, {**rest, "paused": True} if given.get("paused") else rest)
        expected = {change.key: _version(given.get("version", ""))}
        return self._try(request, kind, lambda: self._change(request, [change], expected, ""))

    def history(self, request: Request) -> Response:
        """Who changed what, the last first."""
        return self._history(request)

    def revert(self, request: Request) -> Response:
        """Take a version back."""
        version = _version(request.state.form.get("version", ""))
        try:
            catalogue, _ = self._services.catalogue.take_back(_author(request), version)
        except (ConfigError, ChangedMeanwhileError, LookupError, OSError) as error:
            return self._history(request, f"{version} was not taken back: {_why(error)}", _status(error))
        return RedirectResponse(f"/catalogue/history?done={catalogue.version}", _SEE_OTHER)

    def _change(self, request: Request, changes: Sequence[Change], expected: Mapping[str, int], note: str) -> int:
        """The version after it."""
        return self._services.catalogue.change(_author(request), changes, expected, note)[0].version

    def _try(self, request: Request, kind: str, change: Callable[[], int]) -> Response:
        try:
            return self._done(kind, change())
        except (ConfigError, ChangedMeanwhileError, OSError, ValueError) as error:
            return self._list(request, kind, f"Nothing was changed: {_why(error)}", _status(error))

    def _done(self, kind: str, version: int) -> Response:
        return RedirectResponse(f"/catalogue?kind={kind}&done={version}", _SEE_OTHER)

    def _entries(self, request: Request, kind: str) -> list[Listed]:
        masks = request.state.session.role != "act"
        return listed(kind, self._services.catalogue.file(), self._services.known(), masks=masks)

    def _list(self, request: Request, kind: str, problem: str = "", status: int = 200) -> Response:
        wanted, everything = request.query_params.get("q", ""), self._entries(request, kind)
        found = matching(everything, wanted)
        facts = {
            "kind": kind,
            "kinds": list(COLUMNS),
            "columns": COLUMNS[kind],
            "pausable": _PAUSABLE,
            "entries": found[:_MOST],
            "count": len(found),
            "is_empty": not everything,
            "wanted": wanted,
            "problem": problem,
            **self._common(request),
        }
        return self._renderer.page(request, "catalogue", facts, status)

    def _form(self, request: Request, form: Form, version: int, status: int = 200) -> Response:
        """version: of the entry that is changed; NONE: one is made, unless it is the file's."""
        is_files = form.name in self._services.catalogue.file().get(form.kind, {})
        facts = {
            "form": form,
            "fields": FIELDS[form.kind],
            "is_files": is_files and status == _FOUND,
            "held": None if version == NONE else self._services.known().named(form.kind).get(form.name),
            "version": version,
            "names": self._names(),
            **self._common(request),
        }
        return self._renderer.page(request, "catalogue_entry", facts, status)

    def _history(self, request: Request, problem: str = "", status: int = 200) -> Response:
        rows = []
        try:
            past = self._services.catalogue.past()[:_MOST]
        except OSError as error:
            past, problem, status = [], problem or f"Kafka does not say what was changed: {error}", _AWAY
        masks = request.state.session.role != "act"
        for one in past:
            what = [
                line for change in one.revision.changes for line in _lines(change, one.before[change.key], masks=masks)
            ]
            rows.append(
                {"version": one.version, "revision": one.revision, "at": _moment(one.revision.at), "what": what}
            )
        facts = {"rows": rows, "problem": problem, "most": _MOST, **self._common(request)}
        return self._renderer.page(request, "catalogue_history", facts, status)

    def _names(self) -> dict[str, list[str]]:
        """What the fields offer."""
        file, known = self._services.catalogue.file(), self._services.known()
        names = {kind: sorted({*file.get(kind, {}), *known.named(kind)}) for kind in COLUMNS}
        return {**names, "network presets": preset_names("networks"), "source presets": preset_names("sources")}

    def _common(self, request: Request) -> dict[str, Any]:
        done = request.query_params.get("done", "")
        return {
            "zone": zone_of(request, self._services.settings()),
            "moment_of": _moment,
            "may_act": request.state.session.role == "act",
            "done": done if done.isdecimal() else "",
        }


def _kind(text: str) -> str:
    """Raises ValueError."""
    if text not in COLUMNS:
        raise ValueError(f"There is no kind {text!r}: there are {', '.join(COLUMNS)}.")
    return text


def _version(text: str) -> int:
    """Raises ValueError."""
    return NONE if text == str(NONE) else int(text)


def _author(request: Request) -> str:
    return request.state.session.user or NOBODY


def _lines(change: Change, before: dict[str, Any] | None, *, masks: bool) -> list[str]:
    if not masks:
        return differences(change, before)
    entry = change.entry if change.entry is None else masked(change.kind, change.name, change.entry)
    clean = before if before is None else masked(change.kind, change.name, before)
    return differences(Change(change.kind, change.name, entry), clean)


def _why(error: Exception) -> str:
    if isinstance(error, ConfigError):
        return "; ".join(str(problem) for problem in error.problems)
    return str(error)


def _status(error: Exception) -> int:
    if isinstance(error, OSError):
        return _AWAY
    return _CONFLICT if isinstance(error, ChangedMeanwhileError) else _UNPROCESSABLE


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _hashed(
    entry: dict[str, Any], wrong: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Any], Mapping[str, tuple[str, ...]]]:
    """The entry of a partner with the hash of the password that was typed, and what is wrong with it besides."""
    typed_ = entry.get(_PASSWORD)
    if not isinstance(typed_, str) or is_hash(typed_):
        return entry, wrong
    if len(typed_) < SHORTEST:
        return entry, {**wrong, _PASSWORD: (f"take {SHORTEST} characters or more",)}
    return {**entry, _PASSWORD: hashed(typed_)}, wrong
