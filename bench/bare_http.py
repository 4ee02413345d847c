"""The bare HTTP client of bench/emit: `python -m bench.bare_http URL COUNT CONNECTIONS`.

libcurl's multi interface, as emit uses it (streams/adapters/http.py), and nothing else: no broker, no state, no record.
Prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from ipaddress import ip_network

import uvloop

from schemas.requests import Request
from streams.adapters.http import CurlClient
from streams.emit.retry import Answer


async def _run(url: str, count: int, connections: int) -> dict[str, float]:
    client = CurlClient(
        connect_timeout_ms=3000, timeout_ms=30_000, allow=[ip_network("127.0.0.0/8")], connections=connections
    )
    done = asyncio.Event()
    sent = answered = good = 0

    def send() -> None:
        nonlocal sent
        client.send(Request("GET", f"{url}?id={sent:032x}&at=0&goal=install&payout=0.01&sub=lp1"), take)
        sent += 1

    def take(answer: Answer) -> None:
        nonlocal answered, good
        answered += 1
        good += answer.code == 200
        if sent < count:
            send()
        elif answered == count:
            done.set()

    cpu, clock = time.process_time(), time.monotonic()
    for _ in range(min(connections, count)):
        send()
    await done.wait()
    cpu, clock = time.process_time() - cpu, time.monotonic() - clock
    client.close()
    return {"good": good, "per_cpu_second": count / cpu, "per_second": count / clock}


if __name__ == "__main__":
    found = uvloop.run(_run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps(found) + "\n")
