"""Writes jars.lock and bootstrap.checkpoint: `python -m clickjoin.embedded.kafka.lock`, after a change of VERSION."""

import hashlib
import tempfile
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from clickjoin.embedded.kafka import EmbeddedKafka, jar_folder
from clickjoin.embedded.kafka.jars import VERSION
from clickjoin.embedded.kafka.storage import CHECKPOINT
from clickjoin.embedded.ports import free_port

_WANTED = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    f"org.apache.kafka:kafka-clients:{VERSION}",  # unnamed, an older one is picked and the broker does not start
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.1",
)
_ON_THE_CLASSPATH = ("compile", "runtime")


def main() -> None:
    """Write what stands beside this file for the version that is wanted."""
    _lock()
    _ask_for_checkpoint()


def _lock() -> None:
    """Resolve what is wanted, download it afresh, and write each jar with its checksum."""
    with tempfile.TemporaryDirectory() as folder:
        maven = MavenContext(repo_cache=Path(folder), local_repos=[], remote_repos={"central": MAVEN_CENTRAL_URL})
        named, others = maven.resolver.resolve([maven.create_dependency(wanted) for wanted in _WANTED])
        artifacts = [d.artifact for d in [*named, *(o for o in others if o.scope in _ON_THE_CLASSPATH)]]
        lines = [f"{_sha256(a.resolve())}  {a.groupId}:{a.artifactId}:{a.version}\n" for a in artifacts]
    Path(__file__).with_name("jars.lock").write_text("".join(sorted(lines, key=lambda line: line.split()[1])))


def _ask_for_checkpoint() -> None:
    """Have Kafka's tool format a folder, and keep what a new cluster begins with."""
    with tempfile.TemporaryDirectory() as folder:
        kafka = EmbeddedKafka(Path(folder), free_port(), jar_folder())
        kafka.format_by_tool("log")
        Path(__file__).with_name(CHECKPOINT).write_bytes((kafka.folder / "log" / CHECKPOINT).read_bytes())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
