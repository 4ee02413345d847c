"""`make fuzz`: a real broker, a real ingest, and a million requests at it (ARGS="--requests 20000" for fewer)."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from schemas.topics import EVENTS, INVALID
from tests.fuzz.run import Account, fuzz
from tests.ingest_process import ingest_broker, patient_ingest

PARTITIONS = 4
_SHOWN = 20


def on_topics(bootstrap: str) -> int:
    """How many records lie on `events` and `invalid`."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in (EVENTS, INVALID)
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        return sum(consumer.end_offsets(partitions).values())
    finally:
        consumer.close()


def told(account: Account, stored: int, seconds: float) -> list[str]:
    """The account, in lines."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(account.statuses.items()))
    return [
        f"{account.sent} requests in {seconds:.0f} s, answered {statuses}",
        f"records that must be stored {account.records}, sent again without an answer {account.again}, stored {stored}",
        f"wrong {len(account.wrong)}",
        *account.wrong[:_SHOWN],
    ]


def main() -> int:
    """Returns the exit code: 0 where nothing is wrong, and accepted and invalid together are what was sent."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no more are sent")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--idle", type=int, default=500, help="connections that dawdle meanwhile")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, ingest_broker(Path(folder) / "kafka", PARTITIONS) as broker:
        ingest = patient_ingest(Path(folder), broker.bootstrap)
        try:
            before, began = on_topics(broker.bootstrap), time.monotonic()
            seconds = options.minutes * 60
            sent = fuzz(ingest.port, options.requests, options.seed, dawdlers=options.idle, seconds=seconds)
            account = asyncio.run(sent)
            stored = on_topics(broker.bootstrap) - before
            lives = ingest.process.poll() is None
        finally:
            ingest.stop()
    print("\n".join(told(account, stored, time.monotonic() - began)), flush=True)
    return 0 if lives and not account.wrong and account.holds(stored) else 1


if __name__ == "__main__":
    sys.exit(main())
