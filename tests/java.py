"""How the tests run Java: with its classes read and linked beforehand, and without its optimising compiler.

A broker then stands in one second and a half instead of seven, for a quarter of the CPU, and dozens are started.
It is the same Java and the same Kafka; only measurements want it as users have it.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.kafka_server import KafkaServer

_OPTIONS = "JDK_JAVA_OPTIONS"
_QUICK = "-XX:TieredStopAtLevel=1"
_CACHE = Path(sys.prefix) / "kafka-for-tests.aot"  # of the Java in this environment: with another it means nothing


def start_quickly() -> None:
    """From now on, for this process and what it starts. The first time it learns what Kafka needs: half a minute."""
    if not _CACHE.exists():
        _learn()
    os.environ[_OPTIONS] = f"-XX:AOTCache={_CACHE} {_QUICK}"


def _learn() -> None:
    learned = _CACHE.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory() as folder:
        server = KafkaServer(Path(folder), stop_within=120.0)
        server.start().stop()  # formatted from now on
        os.environ[_OPTIONS] = f"-XX:AOTCacheOutput={learned} {_QUICK}"
        server.start().stop()
    learned.rename(_CACHE)
