"""The catalogue over HTTP: JSON in and out, versions as ETags, nothing overwritten that was not seen."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboard.entries import COLUMNS, Listed, listed
from dashboard.pages.catalogue import NOBODY
from dashboard.services import Services
from schemas.catalogue import NONE, Change, ChangedMeanwhileError, differences
from schemas.settings.errors import ConfigError

_NOT_FOUND, _CONFLICT, _BAD, _UNPROCESSABLE, _AWAY = 404, 409, 400, 422, 503


class CatalogueApi:
    """What `/api/catalogue` answers. Errors are `{"error": word, "detail": why}`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def all(self, request: Request) -> Response:
        """Every entry of file and catalogue."""
        entries = {kind: {one.name: _document(one) for one in self._listed(request, kind)} for kind in COLUMNS}
        return JSONResponse({"version": self._services.known().version, "entries": entries})

    def one(self, request: Request) -> Response:
        """One entry, its version as ETag."""
        kind, name = request.path_params["kind"], request.path_params["name"]
        found = next((one for one in self._listed(request, kind) if one.name == name), None)
        if found is None:
            return _error(_NOT_FOUND, "not_found", f"there is no {kind}/{name}")
        headers = {"etag": f'"{found.held.version}"'} if found.held else {}
        return JSONResponse(_document(found), headers=headers)

    def put(self, request: Request) -> Response:
        """Make or change one: its body is the entry, If-Match its version; without it there must be none yet."""
        try:
            entry = json.loads(request.state.body)
        except ValueError as error:
            return _error(_BAD, "not_json", f"the body is no JSON: {error}")
        return self._change(request, Change(request.path_params["kind"], request.path_params["name"], entry))

    def delete(self, request: Request) -> Response:
        """Take one out; If-Match is its version, and required."""
        if "if-match" not in request.headers:
            return _error(_BAD, "no_version", 'say which version is meant: If-Match: "12", as GET answers it in ETag')
        return self._change(request, Change(request.path_params["kind"], request.path_params["name"]))

    def history(self, request: Request) -> Response:
        """What was changed, the last first."""
        if request.state.session.role != "act":
            return _error(403, "forbidden", "the history is for those who may act")
        try:
            past = self._services.catalogue.past()
        except OSError as error:
            return _error(_AWAY, "kafka_away", str(error))
        found = []
        for one in past:
            revision = one.revision
            what = [line for change in revision.changes for line in differences(change, one.before[change.key])]
            told = {"version": one.version, "at": revision.at, "by": revision.author, "note": revision.note}
            found.append({**told, "what": what})
        return JSONResponse({"history": found})

    def revert(self, request: Request) -> Response:
        """Take a version back."""
        version = request.path_params["version"]
        try:
            catalogue, _ = self._services.catalogue.take_back(_author(request), version)
        except (ConfigError, ChangedMeanwhileError, LookupError, OSError) as error:
            return _refused(error)
        return JSONResponse({"version": catalogue.version})

    def _listed(self, request: Request, kind: str) -> list[Listed]:
        masks = request.state.session.role != "act"
        if kind not in COLUMNS:
            return []
        return listed(kind, self._services.catalogue.file(), self._services.known(), masks=masks)

    def _change(self, request: Request, change: Change) -> Response:
        expected = _expected(request)
        if expected is None:
            return _error(_BAD, "bad_version", 'write If-Match: "12", the ETag that GET answered')
        note = request.headers.get("x-note", "")
        try:
            catalogue, changed = self._services.catalogue.change(
                _author(request), [change], {change.key: expected}, note
            )
        except (ConfigError, ChangedMeanwhileError, OSError, ValueError) as error:
            return _refused(error)
        version = catalogue.version_of(change.key)
        headers = {} if version == NONE else {"etag": f'"{version}"'}
        return JSONResponse({"version": catalogue.version, "changed": bool(changed)}, headers=headers)


def _document(one: Listed) -> dict[str, Any]:
    if one.held is None:
        return {"entry": one.entry, "from": "file"}
    held = one.held
    return {"entry": one.entry, "from": "catalogue", "version": held.version, "by": held.author, "at": held.at}


def _expected(request: Request) -> int | None:
    """The version in If-Match; NONE without one, None where it is no version."""
    text = request.headers.get("if-match")
    if text is None:
        return NONE
    bare = text.strip().removeprefix("W/").strip('"')
    return int(bare) if bare.isdecimal() else None


def _refused(error: Exception) -> Response:
    match error:
        case ConfigError():
            problems = [problem._asdict() for problem in error.problems]
            return JSONResponse({"error": "wrong", "detail": str(error), "problems": problems}, _UNPROCESSABLE)
        case ChangedMeanwhileError():
            return _error(_CONFLICT, "changed_meanwhile", str(error))
        case LookupError():
            return _error(_NOT_FOUND, "not_found", str(error.args[0]))
        case OSError():
            return _error(_AWAY, "kafka_away", str(error))
    return _error(_UNPROCESSABLE, "wrong", str(error))


def _error(status: int, word: str, detail: str) -> Response:
    return JSONResponse({"error": word, "detail": detail}, status)


def _author(request: Request) -> str:
    return request.state.session.user or NOBODY
