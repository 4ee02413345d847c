"""What stands beside ingest in its bench: `python -m bench.ingest_peers KIND PORT BOOTSTRAP`.

bare      the same server, answering 204 to everything: what HTTP alone costs
fastapi   the same endpoint as most would write it: FastAPI, pydantic, aiokafka's send_and_wait
producer  kafka-python alone, sending the same bytes; it prints what it did as JSON and ends
"""

import json
import sys
import time
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from bench.backlog import Backlog
from bench.kafka import PARTITIONS
from schemas.topics import EVENTS, partition_of


class _Bare:
    """Answers 204."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        protocol.response_empty(204, [])


async def _serve_bare(port: int) -> None:
    from granian.constants import Interfaces

    from serving.server import serving

    async with serving(_Bare(), f"127.0.0.1:{port}", Interfaces.RSGI, head_within_ms=10_000) as server:
        await server


def serve_fastapi(port: int, bootstrap: str) -> None:
    """Serve the endpoint as a tutorial would have it."""
    import uvicorn
    from aiokafka import AIOKafkaProducer
    from fastapi import FastAPI, HTTPException
    from pydantic import BaseModel

    class Postback(BaseModel):
        click_id: str
        event: str
        txid: str = ""
        payout: str | None = None
        currency: str = "USD"
        status: str = "approved"

    producer: AIOKafkaProducer

    @asynccontextmanager
    async def connected(app: FastAPI) -> Any:
        nonlocal producer
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2)
        await producer.start()
        yield
        await producer.stop()

    app = FastAPI(lifespan=connected)

    @app.get("/postback/acme")
    async def postback(
        click_id: str, event: str, key: str, txid: str = "", payout: str | None = None, currency: str = "USD"
    ) -> dict[str, str]:
        if key != "bench-key-0123456789":
            raise HTTPException(401)
        record = Postback(click_id=click_id, event=event, txid=txid, payout=payout, currency=currency)
        await producer.send_and_wait(EVENTS, record.model_dump_json().encode(), key=click_id.encode())
        return {"status": "accepted"}

    uvicorn.run(app, port=port, log_level="error", access_log=False)


def _produce(bootstrap: str, count: int) -> None:
    from kafka import KafkaProducer

    records = [(key, value, partition_of(key, PARTITIONS)) for key, value in Backlog(count)]
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2)
    began = time.process_time()
    sent = [producer.send(EVENTS, value, key=key, partition=partition) for key, value, partition in records]
    producer.flush()
    cpu = time.process_time() - began
    assert all(one.succeeded() for one in sent)
    sys.stdout.write(json.dumps({"per_cpu_second": len(records) / cpu}) + "\n")


if __name__ == "__main__":
    kind, port, bootstrap = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if kind == "bare":
        uvloop.run(_serve_bare(port))
    elif kind == "fastapi":
        serve_fastapi(port, bootstrap)
    elif kind == "producer":
        _produce(bootstrap, int(sys.argv[4]))
    else:
        raise SystemExit(f"no program {kind!r}: bare, fastapi or producer")
