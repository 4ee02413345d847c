"""The doctor looks at this machine."""

import os
import resource
import shutil
from pathlib import Path

from clickjoin.data_folder import SECRET_FILE
from clickjoin.doctor.facts import MachineFacts, PortFacts
from clickjoin.embedded.ports import Port, is_free, listening
from clickjoin.status.overall import answers_ok, local_url
from schemas.settings.file import Settings

_WORKERS = ("join", "sink", "emit")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server there is reached


def look_at_machine(settings: Settings, data: Path) -> MachineFacts:
    """Changes nothing: a data folder that is not there yet is judged by the folder that it will be made in."""
    there = next(folder for folder in (data.resolve(), *data.resolve().parents) if folder.exists())
    usage = shutil.disk_usage(there)
    secret = data / SECRET_FILE
    return MachineFacts(
        data=str(data),
        writable=os.access(there, os.W_OK),
        free_bytes=usage.free,
        total_bytes=usage.total,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        secret_mode=secret.stat().st_mode & 0o777 if secret.exists() else None,
        ports=tuple(_port(key, listen) for key, listen in _listens(settings).items()),
    )


def _listens(settings: Settings) -> dict[str, str]:
    listens = {"[ingest] listen": settings.ingest.listen, "[dashboard] listen": settings.dashboard.listen}
    return listens | {f"[metrics] {role}": settings.metrics.listen(role) for role in _WORKERS}


def _port(key: str, listen: str) -> PortFacts:
    host, _, number = listen.rpartition(":")
    host = host.strip("[]")
    if answers_ok(local_url(listen, "/health/live")):
        return PortFacts(key, listen, "ours")
    if is_free(Port(int(number), key, host)):
        return PortFacts(key, listen, "free")
    taken = listening(int(number), _EVERYWHERE.get(host, host))
    return PortFacts(key, listen, "another's" if taken else "unusable")
