"""Ten times more than can be answered: what is kept of the best throughput, and how long one waits.

::

    python benchmarks/overload.py

Two kinds of clients, each against a service on one core, with the generator on the other:

- Clients that heed ``Retry-After``: pictures come at random moments (Poisson) at ten times the best
  rate, whatever the service does. A connection that was refused rests for a second, and there are
  enough of them that one is always free. Pictures are of 200×200 and of 400×400: of smaller ones
  the generator could not offer ten times what is answered.
- Clients that don't: ``wrk`` with hundreds of connections, each of which asks again at once.

Best and much are measured in turn, several times; these are medians, and what is kept is the median
of the shares of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import uvloop
from contestants import DIGITS, OURS, REPOSITORY, Service, running
from load import LENGTH, enlarged, request_bytes
from meanwhile import Meanwhile
from wrk import wrk

SERVER, GENERATOR = {0}, {1}
TIMES = 10
SIDES = (200, 400)
REST = 1.0
"""Seconds that a connection rests after it was refused."""
CONNECTIONS = 1.5
"""For each request a second: one is always free, and none is idle for so long that it is closed."""
FLOOD = 900
"""Connections that ask again at once."""


@dataclass
class Overload:
    """A load that nothing slows down, and what came of it.

    Attributes:
        accepted, refused: seconds from sending to the answer, of those with status 200 and 503.
        unsent: due when no connection was free.
        failed: answered otherwise, or not at all.
    """

    request: bytes
    rate: float
    seconds: float
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    late: int = 0
    unsent: int = 0
    failed: int = 0

    async def run(self, port: int) -> None:
        """Apply it."""
        loop = asyncio.get_running_loop()
        free: deque[_Connection] = deque()
        for _ in range(int(self.rate * CONNECTIONS)):
            _, made = await loop.create_connection(
                lambda: _Connection(self, free), "127.0.0.1", port
            )
            free.append(made)
        await asyncio.sleep(2)  # until the service has accepted them all
        gaps = np.random.default_rng(0).exponential(1 / self.rate, int(self.rate * self.seconds))
        start = loop.time()
        for due in (start + gaps.cumsum()).tolist():
            while (pause := due - loop.time()) > 0:
                await asyncio.sleep(pause)
            self.late += loop.time() - due > 0.1
            if free:
                free.popleft().send()
            else:
                self.unsent += 1
        self.seconds = loop.time() - start
        answered = len(self.accepted)
        await asyncio.sleep(2)
        sent = len(gaps) - self.unsent
        self.failed += sent - len(self.accepted) - len(self.refused) - self.failed
        del self.accepted[answered:]  # those after the last was due


class _Connection(asyncio.Protocol):
    """One request at a time; rests when it was refused."""

    def __init__(self, load: Overload, free: deque[_Connection]) -> None:
        self._load, self._free = load, free
        self._buffer, self._sent = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        self._sent, self._buffer = time.perf_counter(), b""
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        seconds = time.perf_counter() - self._sent
        if head.startswith(b"HTTP/1.1 200"):
            self._load.accepted.append(seconds)
            self._free.append(self)
        elif head.startswith(b"HTTP/1.1 503"):
            self._load.refused.append(seconds)
            asyncio.get_running_loop().call_later(REST, self._free.append, self)
        else:
            self._load.failed += 1


def generate(port: int, rate: float, seconds: float, side: int) -> dict[str, float]:
    """Apply a load from a process of its own; milliseconds and numbers a second."""
    command = ["taskset", "-c", "1", sys.executable, __file__, "--generate", str(port)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--side", str(side)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result: dict[str, float] = json.loads(text)
    return result


def as_row(load: Overload) -> dict[str, float]:
    """What is reported of a load."""

    def percentile(values: list[float], percent: float) -> float:
        return float(np.percentile(values, percent)) * 1000 if values else 0.0

    return {
        "offered": (len(load.accepted) + len(load.refused)) / load.seconds,
        "accepted": len(load.accepted) / load.seconds,
        "p50": percentile(load.accepted, 50),
        "p99": percentile(load.accepted, 99),
        "refused_p99": percentile(load.refused, 99),
        "unsent": load.unsent,
        "late": load.late,
        "failed": load.failed,
    }


def health_milliseconds(port: int) -> float:
    """How long ``/health/live`` takes, a tenth of a second from now."""
    time.sleep(0.1)
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/health/live")
    if connection.getresponse().status != http.HTTPStatus.OK:
        raise RuntimeError("the service is not alive")
    connection.close()
    return (time.perf_counter() - start) * 1000


def health_of(port: int) -> Meanwhile[float]:
    """Asks after a service's health ten times a second."""
    return Meanwhile(partial(health_milliseconds, port))


def open_loop(seconds: float, side: int, rounds: int) -> list[dict[str, Any]]:
    """Clients that heed Retry-After: the best rate, and ten times as much, in turn."""
    best, much = [], []
    with running(OURS, SERVER, MAX_CONNECTIONS="30000") as service:
        tried = {
            rate: generate(service.port, rate, seconds / 2, side)["accepted"]
            for rate in _rates(service, side)
        }
        fitting = max(tried, key=tried.__getitem__)
        rate = TIMES * tried[fitting]
        for _ in range(rounds):
            best.append(generate(service.port, fitting, seconds, side))
            with health_of(service.port) as health:
                row = generate(service.port, rate, seconds, side)
            much.append({**row, "health_p99": float(np.percentile(health.results(), 99))})
    loads = {"best": best, f"{TIMES} times that": much}
    return _rows(f"heed Retry-After, {side}×{side}", loads)


def _rates(service: Service, side: int) -> list[float]:
    """Rates around what one client after the other gets answered."""
    start = time.perf_counter()
    for _ in range(50):
        service.ask(enlarged(DIGITS[0], side), bare=True)
    alone = 50 / (time.perf_counter() - start)
    return [alone * share for share in (1.0, 1.5, 2.0, 2.5, 3.0)]


def flood(seconds: float, rounds: int) -> list[dict[str, Any]]:
    """Clients that ask again at once: from 16 connections, and from hundreds, in turn."""
    best, much = [], []
    with running(OURS, SERVER) as service:
        for _ in range(rounds):
            few = wrk(service.port, GENERATOR, 16, seconds, bare=True)
            best.append({"accepted": few.rate, "p99": few.p99})
            with health_of(service.port) as health:
                many = wrk(service.port, GENERATOR, FLOOD, seconds, bare=True, refusals=True)
            much.append(
                {
                    "offered": many.rate + many.refused,
                    "accepted": many.rate,
                    "p99": many.p99,
                    "failed": many.late,
                    "health_p99": float(np.percentile(health.results(), 99)),
                }
            )
    loads = {"16 connections": best, f"{FLOOD} connections": much}
    return _rows("ask again at once, 28×28", loads)


def _rows(clients: str, loads: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """Medians over the rounds of the best load and of too much, and what the latter kept."""
    rows: list[dict[str, Any]] = [
        {"clients": clients, "load": load}
        | {key: statistics.median(row[key] for row in rounds) for key in rounds[0]}
        for load, rounds in loads.items()
    ]
    best, much = loads.values()
    shares = [m["accepted"] / b["accepted"] for m, b in zip(much, best, strict=True)]
    rows[1] |= {"kept": statistics.median(shares), "least": min(shares), "most": max(shares)}
    return rows


FIELDS = (
    *("clients", "load", "offered", "accepted", "kept", "least", "most", "p50", "p99"),
    *("refused_p99", "health_p99", "unsent", "late", "failed"),
)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10, help="for each load")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--csv", type=Path, default=REPOSITORY / "benchmarks/results/overload.csv")
    parser.add_argument("--generate", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.generate:
        request = request_bytes("/predict", enlarged(DIGITS[0], options.side), "image/png")
        load = Overload(request, options.rate, options.seconds)
        uvloop.run(load.run(options.generate))
        print(json.dumps(as_row(load)))
        return
    rows = [row for side in SIDES for row in open_loop(options.seconds, side, options.rounds)]
    rows += flood(options.seconds, options.rounds)
    with options.csv.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print({key: round(v, 3) if isinstance(v, float) else v for key, v in row.items()})


if __name__ == "__main__":
    main()
