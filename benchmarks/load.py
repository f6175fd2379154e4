"""An open-loop load generator: requests leave when they are due, whatever the server does.

``wrk`` sends the next request when the last is answered, so a slow server is asked less often and
its queue never shows. Here latency counts from the moment when a request was due, so waiting for a
free connection counts too (no coordinated omission). As a command it prints one line of JSON::

    python benchmarks/load.py 127.0.0.1 8000 tests/digits/7-00000.png --rate 500 --seconds 5
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import uvloop
from PIL import Image

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
LATEST_ANSWER = 2.0
"""Seconds after the last request until which answers are waited for."""


def request_bytes(path: str, body: bytes, content_type: str) -> bytes:
    """A whole HTTP/1.1 request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def form(data: bytes) -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    head = 'Content-Disposition: form-data; name="file"; filename="digit.png"'
    start = f"--b0undary\r\n{head}\r\nContent-Type: image/png\r\n\r\n".encode()
    return start + data + b"\r\n--b0undary--\r\n", "multipart/form-data; boundary=b0undary"


def enlarged(path: Path, side: int) -> bytes:
    """A picture as a PNG of so many pixels a side; the file as it is if that is what it has."""
    image = Image.open(path)
    if image.size == (side, side):
        return path.read_bytes()
    buffer = io.BytesIO()
    image.resize((side, side), Image.Resampling.BILINEAR).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Load:
    """What to send, how often, and what came of it.

    Attributes:
        latencies: seconds from when a request was due to its answer, for each answered with 200.
        in_time: how many of them before the last request was due.
        failures: requests answered otherwise, or not at all.
    """

    request: bytes
    rate: float
    seconds: float
    connections: int = 64
    latencies: list[float] = field(default_factory=list)
    in_time: int = 0
    failures: int = 0
    end: float = 0.0

    async def run(self, host: str, port: int) -> None:
        """Send at random moments (a Poisson process), the same ones always."""
        loop = asyncio.get_running_loop()
        free: deque[_Connection] = deque()
        waiting: deque[float] = deque()

        def release(connection: _Connection) -> None:
            if waiting:
                connection.send(waiting.popleft())
            else:
                free.append(connection)

        for _ in range(self.connections):
            _, connection = await loop.create_connection(
                lambda: _Connection(self, release), host, port
            )
            free.append(connection)
        gaps = np.random.default_rng(0).exponential(1 / self.rate, int(self.rate * self.seconds))
        due_times = time.perf_counter() + 0.05 + gaps.cumsum()
        self.end = float(due_times[-1])
        for due in due_times.tolist():
            while (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            if free:
                free.popleft().send(due)
            else:
                waiting.append(due)
        deadline = time.perf_counter() + LATEST_ANSWER
        while len(free) < self.connections and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        self.failures += len(due_times) - len(self.latencies) - self.failures
        for connection in free:
            connection.close()


class _Connection(asyncio.Protocol):
    """One request at a time on one connection."""

    def __init__(self, load: Load, release: Callable[[_Connection], None]) -> None:
        self._load, self._release = load, release
        self._buffer, self._due = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def send(self, due: float) -> None:
        self._due, self._buffer = due, b""
        self._transport.write(self._load.request)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        if head.startswith(b"HTTP/1.1 200"):
            now = time.perf_counter()
            self._load.latencies.append(now - self._due)
            self._load.in_time += now <= self._load.end
        else:
            self._load.failures += 1
        self._release(self)


def measure(host: str, port: int, load: Load) -> dict[str, float]:
    """Apply a load; rates a second and latencies in milliseconds."""
    uvloop.run(load.run(host, port))
    latencies = np.array(load.latencies or [np.nan]) * 1000
    p50, p99 = np.percentile(latencies, (50, 99))
    return {
        "offered": load.rate,
        "answered": load.in_time / load.seconds,
        "p50": float(p50),
        "p99": float(p99),
        "failures": load.failures,
    }


def main() -> None:
    """Print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--form", action="store_true", help="as a form, not as the bare body")
    options = parser.parse_args()
    data = options.picture.read_bytes()
    body, content_type = form(data) if options.form else (data, "image/png")
    load = Load(request_bytes("/predict", body, content_type), options.rate, options.seconds)
    print(json.dumps(measure(options.host, options.port, load)))


if __name__ == "__main__":
    main()
