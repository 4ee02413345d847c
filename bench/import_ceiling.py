"""What any import has to do: `python -m bench.import_ceiling FILE RECORDS BOOTSTRAP`.

Reads FILE with Python's csv module, and sends the keys and values in RECORDS (msgpack) with kafka-python: one for each
row, acknowledged by the broker. What lies between is left out. Prints one line of JSON.
"""

import csv
import json
import sys
import time
from pathlib import Path

import msgspec
from kafka import KafkaProducer

from bench.kafka import PARTITIONS
from schemas.topics import EVENTS, partition_of


def _run(file: Path, records: list[tuple[bytes, bytes]], bootstrap: str) -> dict[str, float]:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2)
    cpu, clock = time.process_time(), time.monotonic()
    with file.open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        sent = [
            producer.send(EVENTS, value, key=key, partition=partition_of(key, PARTITIONS))
            for _, (key, value) in zip(rows, records, strict=True)
        ]
    producer.flush()
    cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    assert all(one.succeeded() for one in sent)
    return {"per_cpu_second": len(sent) / cpu, "per_second": len(sent) / clock}


if __name__ == "__main__":
    made = msgspec.msgpack.decode(Path(sys.argv[2]).read_bytes(), type=list[tuple[bytes, bytes]])
    sys.stdout.write(json.dumps(_run(Path(sys.argv[1]), made, sys.argv[3])) + "\n")
