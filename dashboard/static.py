"""The scripts and styles: read once, compressed once, named after what is in them, so that browsers keep them."""

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "LICENSE": "text/plain; charset=utf-8",
}
_KEPT = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}


@dataclass(frozen=True)
class _File:
    content: bytes
    compressed: bytes
    type: str
    name: str  # with what it holds in it


class Static:
    """The files of `static/`."""

    def __init__(self) -> None:
        self._files = {
            path.name: _read(path.name, path.read_bytes()) for path in (files("dashboard") / "static").iterdir()
        }
        self._named = {file.name: file for file in self._files.values()}

    def url(self, name: str) -> str:
        """Where a page finds a file. Raises KeyError."""
        return f"/static/{self._files[name].name}"

    def answer(self, request: Request) -> Response:
        """A file."""
        file = self._named.get(request.path_params["name"])
        if file is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {**_KEPT, "content-encoding": "gzip"}
            return Response(file.compressed, headers=headers, media_type=file.type)
        return Response(file.content, headers=_KEPT, media_type=file.type)


def _read(name: str, content: bytes) -> _File:
    stem, _, ending = name.rpartition(".")
    digest = blake2b(content, digest_size=6).hexdigest()
    return _File(content, gzip.compress(content, mtime=0), _TYPES[ending], f"{stem}.{digest}.{ending}")
