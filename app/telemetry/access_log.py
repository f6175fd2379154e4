"""One line a request on standard output, written beside the event loop."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import orjson

from app.telemetry.exchange import Exchange, Individual

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
        self._form = (_what_json, _json) if form == "json" else (_what_text, _text)
        self._descriptor = descriptor
        self._pieces: deque[bytes] = deque()
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def write(self, finished: Sequence[Exchange]) -> None:
        """Have the lines of requests written that were answered."""
        what, line = self._form
        if self._has_room_for(len(finished)):
            since = time.time() - time.perf_counter()
            lines = [line(what(x), since + x.end, x.client, x.request_id) for x in finished]
            self._pieces.append(b"".join(lines))

    def write_alike(self, exchange: Exchange, each: Sequence[Individual]) -> None:
        """As :meth:`write`, for requests that differ from ``exchange`` in little."""
        what, line = self._form
        if self._has_room_for(len(each)):
            since, alike = time.time() - time.perf_counter(), what(exchange)
            lines = [line(alike, since + end, client, name) for end, client, name in each]
            self._pieces.append(b"".join(lines))

    def _has_room_for(self, lines: int) -> bool:
        if len(self._pieces) >= MOST_WAITING:
            self._dropped += lines
            return False
        if self._dropped:
            line = b'{"level":"warning","message":"%d lines dropped"}\n' % self._dropped
            self._pieces.append(line)
            self._dropped = 0
        return True

    def close(self) -> None:
        """Write what is left; gives up on a reader that takes nothing."""
        self._closing.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._closing.wait(PAUSE) or self._pieces:
            with suppress(OSError):  # no one reads any more
                while self._pieces:
                    self._write(self._pieces.popleft())

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


# Filled in, because encoding a dictionary takes longer.
_WHAT_JSON = (
    b'"method":%b,"path":%b,"status":%d,"duration_ms":%.3f,"request_bytes":%d,"response_bytes":%d'
)
_JSON = (
    b'{"time":"%b.%06dZ","level":"info","message":"request",%b,"client":%b,"request_id":"%b"%b}\n'
)


def _what_json(exchange: Exchange) -> tuple[bytes, bytes]:
    method, path = orjson.dumps(exchange.method), orjson.dumps(exchange.path)
    milliseconds = 1000 * (exchange.end - exchange.start)
    received, sent = exchange.received, exchange.sent
    what = _WHAT_JSON % (method, path, exchange.status, milliseconds, received, sent)
    rest = b""
    if exchange.traceparent:
        _, trace, parent, _ = exchange.traceparent.split(b"-")
        rest = b',"trace_id":"%b","parent_id":"%b"' % (trace, parent)
    if exchange.problem:
        rest += b',"problem":"%b"' % exchange.problem.encode()
    return what, rest


def _json(what: tuple[bytes, bytes], end: float, client: str | None, request_id: bytes) -> bytes:
    second = int(end)
    microseconds = int((end - second) * 1e6)
    known, rest = what
    host = orjson.dumps(client)
    return _JSON % (_utc(second), microseconds, known, host, request_id, rest)


@lru_cache(maxsize=1)
def _utc(second: int) -> bytes:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}".encode()


def _what_text(exchange: Exchange) -> tuple[bytes, bytes]:
    milliseconds = 1000 * (exchange.end - exchange.start)
    what = (
        f"{exchange.method} {exchange.path!a} {exchange.status} {exchange.sent} "
        f"{milliseconds:.1f} ms"
    )
    return what.encode(), f" {exchange.problem}".encode() if exchange.problem else b""


def _text(what: tuple[bytes, bytes], end: float, client: str | None, request_id: bytes) -> bytes:
    written = datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds").encode()
    known, rest = what
    return b"%b %b %b %b%b\n" % (written, (client or "-").encode(), known, request_id, rest)
