"""Mixed traffic, open loop: many kinds of requests leave when they are due, each answer is judged.

``load.py`` drives one kind of request as fast as can be; here each has a status that it must get.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from contestants import DIGITS
from load import form
from mutations import Input, drawing

SILENCE = 30.0
"""Seconds until an answer is no longer waited for."""
KEPT = 2.0
"""Seconds that an idle connection is used again: fewer than until the service closes it."""
NO_ANSWER = (OSError, asyncio.IncompleteReadError, TimeoutError)
CHOSEN = 4096
"""Requests chosen together: one by one would take a tenth of the generator's time."""
FEW = 4
"""Connections that keep a service busy without being refused."""
HEAD = re.compile(rb"HTTP/1\.1 (\d+).*?\r\ncontent-length: (\d+)\r\n", re.IGNORECASE | re.DOTALL)


class Connection:
    """One request at a time, on a connection that is made anew where the service closed it."""

    asked_to_wait = False
    """Whether the last answer had a Retry-After: the service is busy, not a proxy without one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def ask(self, one: Input) -> int:
        """The status of the answer.

        Raises:
            OSError, asyncio.IncompleteReadError, TimeoutError: there is none.
        """
        try:
            async with asyncio.timeout(SILENCE):
                return await self._ask(one)
        except BaseException:
            self.close()
            raise

    async def _ask(self, one: Input) -> int:
        idle = time.monotonic() - self._used
        if self._streams is None or self._streams[0].at_eof() or idle > KEPT:
            self.close()
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST {one.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {one.content_type}\r\n"
            f"Content-Length: {len(one.body)}\r\n\r\n"
        )
        writer.write(head.encode("latin-1") + one.body)
        answer = await reader.readuntil(b"\r\n\r\n")
        found = HEAD.match(answer)
        if found is None:
            raise OSError(f"an answer without a length: {answer!r}")
        await reader.readexactly(int(found[2]))
        self._used = time.monotonic()
        self.asked_to_wait = b"\r\nretry-after:" in answer.lower()
        if b"connection: close" in answer.lower():
            self.close()
        return int(found[1])

    def close(self) -> None:
        """End it; the next request makes it anew."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Expected(NamedTuple):
    """A request, the status that is right for it, and how often it comes, in parts of all."""

    request: Input
    status: int
    share: float


def mixed() -> list[Expected]:
    """Small pictures mostly, some photos and batches, and one bad request in eight."""
    digits = [path.read_bytes() for path in DIGITS[::4]]
    photo = io.BytesIO()
    drawing("RGB", 1000).save(photo, "JPEG")
    pixels = np.stack([np.asarray(drawing("L", 28).resize((28, 28)))] * 32).tobytes()
    body, content_type = form(digits[0])
    octets = "application/octet-stream"
    good = [Expected(Input("bare", "/predict", "image/png", one), 200, 5) for one in digits]
    good += [Expected(Input("form", "/predict", *form(one)[::-1]), 200, 3) for one in digits]
    return [
        *good,
        Expected(Input("photo", "/predict", "image/jpeg", photo.getvalue()), 200, 2),
        Expected(Input("batch", "/predict/batch", octets, pixels), 200, 2),
        Expected(Input("text", "/predict", "image/png", b"seven"), 415, 2),
        Expected(Input("truncated", "/predict", "image/png", digits[0][:120]), 400, 2),
        Expected(Input("broken form", "/predict", content_type, body[:-20]), 400, 2),
        Expected(Input("no file", "/predict", "image/png", b""), 400, 2),
        Expected(Input("odd batch", "/predict/batch", octets, pixels[1:]), 415, 2),
        Expected(Input("elsewhere", "/nothing", "image/png", digits[0]), 404, 2),
    ]


@dataclass
class Window:
    """What happened in some seconds.

    Attributes:
        latencies: in seconds, from when a request was due to the right answer.
        failures: what was answered instead, or why nothing was.
        refused: requests that the service was too busy for, and said so.
    """

    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    @property
    def requests(self) -> int:
        """Answered or not."""
        return len(self.latencies) + self.failures.total() + self.refused

    def percentile(self, share: float) -> float:
        """Of the latencies, in milliseconds."""
        return float(np.percentile(self.latencies or [np.nan], share)) * 1000


class Traffic:
    """Sends requests at random moments (a Poisson process), on a number of connections.

    What is due while no connection is free waits in a queue: its latency counts from when it was
    due, and a hiccup of the machine is made up for.
    """

    def __init__(self, port: int, requests: Sequence[Expected], connections: int = 32) -> None:
        self.window = Window()
        self._connections = [Connection(port) for _ in range(connections)]
        self._random = np.random.default_rng(0)
        self._choices = self._choose(requests)

    def _choose(self, requests: Sequence[Expected]) -> Iterator[Expected]:
        shares = np.array([one.share for one in requests])
        while True:
            for number in self._random.choice(len(requests), CHOSEN, p=shares / shares.sum()):
                yield requests[number]

    def take_window(self) -> Window:
        """What happened since the last call."""
        window, self.window = self.window, Window()
        return window

    async def closed_loop(self, seconds: float) -> float:
        """Requests a second when a few connections send as soon as they are answered.

        Were there more of them, photos would be refused, which are the larger part of the work, and
        the rate could not be sustained.

        Raises:
            RuntimeError: some were refused, or not answered as they should be.
        """
        end = time.perf_counter() + seconds

        async def ask(connection: Connection) -> None:
            while time.perf_counter() < end:
                await self._send(connection, next(self._choices), time.perf_counter())

        await asyncio.gather(*map(ask, self._connections[:FEW]))
        window = self.take_window()
        if window.refused or window.failures:
            raise RuntimeError(f"{window.refused} refused, failed: {dict(window.failures)}")
        return window.requests / seconds

    async def run(self, rate: float, go_on: Callable[[], bool]) -> None:
        """Send at a mean rate for as long as ``go_on()``; then wait for the answers."""
        waiting: asyncio.Queue[tuple[Expected, float] | None] = asyncio.Queue()

        async def ask(connection: Connection) -> None:
            while (one := await waiting.get()) is not None:
                await self._send(connection, *one)

        async with asyncio.TaskGroup() as group:
            for connection in self._connections:
                group.create_task(ask(connection))
            due = time.perf_counter()
            while go_on():
                due += float(self._random.exponential(1 / rate))
                await asyncio.sleep(max(0, due - time.perf_counter()))
                waiting.put_nowait((next(self._choices), due))
            for _ in self._connections:
                waiting.put_nowait(None)

    def close(self) -> None:
        """End the connections."""
        for connection in self._connections:
            connection.close()

    async def _send(self, connection: Connection, expected: Expected, due: float) -> None:
        try:
            status = await connection.ask(expected.request)
        except NO_ANSWER as exc:
            self.window.failures[f"{expected.request.kind}: {type(exc).__name__}"] += 1
        else:
            if status == expected.status:
                self.window.latencies.append(time.perf_counter() - due)
            elif status == 503 and connection.asked_to_wait:
                self.window.refused += 1
            else:
                self.window.failures[f"{expected.request.kind}: {status}"] += 1
