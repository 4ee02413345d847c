"""The storage of a new broker, as Kafka's own tool formats it. The tool takes a second and a half of CPU: its Java.

bootstrap.checkpoint holds the features that a new cluster has, as the tool of VERSION wrote it (lock.py asks it).
"""

import base64
import os
import uuid
from importlib import resources
from pathlib import Path

from clickjoin.embedded.kafka.jars import VERSION
from clickjoin.embedded.kafka.properties import storage_properties

CHECKPOINT = "bootstrap.checkpoint"


def is_of(jars: Path) -> bool:
    """Whether these jars are of the version whose storage is known here."""
    return (jars / f"kafka_2.13-{VERSION}.jar").exists()


def new_id() -> str:
    """Of a cluster or a folder, as Kafka writes them."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def write_storage(folder: Path) -> None:
    """Make `folder` the empty storage of a new cluster; it is on the disk on return."""
    checkpoint = resources.files("clickjoin.embedded.kafka").joinpath(CHECKPOINT).read_bytes()
    meta = storage_properties(cluster=new_id(), directory=new_id())
    folder.mkdir()
    for name, content in ((CHECKPOINT, checkpoint), ("meta.properties", meta.encode())):
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
