"""The engine behind the front as the one shard of a cluster `cj`: what the tables' distributed form is tried on.

Called as `python -m clickjoin.embedded.clickhouse` is. Without Keeper: nothing is replicated, and nothing ON CLUSTER.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

from clickjoin.embedded.clickhouse import engine
from clickjoin.embedded.clickhouse.__main__ import main

# The shard is this engine itself, as its port is the one that the engine takes for its own.
_CONFIG = """
<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers><cj><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></cj></remote_servers>
</clickhouse>
"""


def clustered() -> int:
    """Serve until told to stop. Returns the exit code."""
    open_at = engine._chdb.connect  # type: ignore[attr-defined]  # missing in its stub
    with NamedTemporaryFile("w", suffix=".xml") as config:
        config.write(_CONFIG)
        config.flush()
        engine._chdb.connect = lambda path: open_at(f"{Path(path)}?config-file={config.name}")  # type: ignore[attr-defined]
        return main()


if __name__ == "__main__":
    sys.exit(clustered())
