"""One line a request on standard output, written beside the event loop."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

import orjson

from app.exchange import Exchange

PAUSE = 0.2
"""Seconds between two writes."""
MOST_WAITING = 1000
"""Pieces of the log that wait for a slow reader; more are dropped, and their lines counted."""


class AccessLog:
    """Has a thread write what happened, so that no request waits for the log's reader.

    Args:
        form: JSON for machines, or text for people.
        descriptor: file descriptor that is written to.
    """

    def __init__(self, form: Literal["json", "text"], descriptor: int = 1) -> None:
        self._encode = _as_json if form == "json" else _as_text
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def write(self, finished: Sequence[Exchange]) -> None:
        """Have the lines of requests written that were answered."""
        if len(self._lines) >= MOST_WAITING:
            self._dropped += len(finished)
            return
        since = time.time() - time.perf_counter()
        lines = [self._encode(one, since + one.end) for one in finished]
        if self._dropped:
            lines.append(b'{"level":"warning","message":"%d lines dropped"}\n' % self._dropped)
            self._dropped = 0
        self._lines.append(b"".join(lines))

    def close(self) -> None:
        """Write what is left; gives up on a reader that takes nothing."""
        self._closing.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._closing.wait(PAUSE) or self._lines:
            with suppress(OSError):  # no one reads any more
                while self._lines:
                    self._write(self._lines.popleft())

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def _as_json(exchange: Exchange, moment: float) -> bytes:
    entry = {
        "time": datetime.fromtimestamp(moment, UTC),
        "level": "info",
        "message": "request",
        "method": exchange.method,
        "path": exchange.path,
        "status": exchange.status,
        "duration_ms": round(1000 * (exchange.end - exchange.start), 3),
        "request_bytes": exchange.received,
        "response_bytes": exchange.sent,
        "client": exchange.client,
        "request_id": exchange.request_id.decode(),
    }
    if exchange.traceparent:
        _, entry["trace_id"], entry["parent_id"], _ = exchange.traceparent.decode().split("-")
    if exchange.problem:
        entry["problem"] = exchange.problem
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


def _as_text(exchange: Exchange, moment: float) -> bytes:
    written = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    milliseconds = 1000 * (exchange.end - exchange.start)
    line = (
        f"{written} {exchange.client or '-'} {exchange.method} {exchange.path!a} "
        f"{exchange.status} {exchange.sent} {milliseconds:.1f} ms "
        f"{exchange.request_id.decode()} {exchange.problem or ''}"
    )
    return f"{line.rstrip()}\n".encode()
