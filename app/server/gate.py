"""What every request passes and every answer carries, whichever path it takes.

The middleware (``middleware.py``) asks for the routes, the protocol (``protocol.py``) for the small
pictures that it answers itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from app.problems import RETRY_AFTER
from app.server.memory import give_back_free_memory
from app.server.refusals import Refusals
from app.settings import Settings
from app.telemetry.access_log import AccessLog
from app.telemetry.exchange import TOGETHER, Exchange, Exchanges
from app.telemetry.metrics import Metrics

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
"""On every answer that doesn't say otherwise; the pages have a policy of their own."""

LOOKS_A_SECOND = 4
WATCH_SECONDS = 1 / LOOKS_A_SECOND

WATCHED_TOGETHER = 256
"""Connections that are looked at each time; their share of all if that is more. Looking at ten
thousand each time took a twentieth of the processor."""

CLIENT_WENT_AWAY = 499
"""The status, nginx's, by which a request is recorded whose client did not wait."""

LEAVE_FOR_ONE = 4
"""Answers for which one connection is read again that was refused."""

HEALTH = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
METRICS = "/metrics"


class Connection(Protocol):
    """What the gate knows of a connection, as ``connections.py`` has them."""

    waiting_since: float | None

    def watch(self, now: float) -> None:
        """End it if its client has let us wait too long."""

    def resume(self) -> None:
        """Read from it again."""

    def evict(self) -> None:
        """End it at once, to make room."""


class Gate:
    """Admission, keys, and the records of what passed.

    Attributes:
        exchanges: begins the records of requests.
        refusals: refuses those that need not be looked at.
        in_flight: requests that are worked on: whole, and not yet answered.
        buffered: bytes of bodies in memory.
        usual_headers: lines of what is on every answer.
        draining: the service is to stop, so readiness is denied and connections end.
    """

    def __init__(self, settings: Settings, metrics: Metrics, log: AccessLog | None) -> None:
        self.settings, self.metrics = settings, metrics
        self.in_flight = self.buffered = 0
        self._connections: set[Connection] = set()
        self._to_watch: list[Connection] = []
        self.draining = False
        self._left = 0
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._finished: list[Exchange] = []
        self._limit = settings.max_in_flight
        self._log = log
        self._held: deque[tuple[float, Connection]] = deque()
        self._keys = [_digest(key.get_secret_value().encode()) for key in settings.api_keys]
        self.exchanges = Exchanges()
        self.refusals = Refusals(self.exchanges, metrics, log)
        self.set_default_headers([])

    def set_default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the server's headers into all answers; it makes them anew once a second."""
        if headers is self._default_headers:
            return
        self._default_headers = headers
        lines = [b"%b: %b\r\n" % pair for pair in (*headers, *SECURITY_HEADERS.items())]
        self.usual_headers = b"".join(lines)
        self.refusals.set_usual_headers(self.usual_headers)

    @property
    def full(self) -> bool:
        """Whether one more request would be too many."""
        return self.in_flight >= self._limit

    def enter(self) -> bool:
        """Begin to work on a request, whose last byte is there; False if it is one too many."""
        if self.in_flight >= self._limit:
            return False
        self.in_flight += 1
        return True

    def leave(self) -> None:
        """End what :meth:`enter` began."""
        self.in_flight -= 1
        self._left += 1
        if self._held and self._left % LEAVE_FOR_ONE == 0:
            self._held.popleft()[1].resume()

    def buffer(self, count: int) -> bool:
        """Hold bytes of a body; False if they are too many, and not held."""
        if self.buffered + count > self.settings.max_buffered_bytes:
            return False
        self.buffered += count
        return True

    def hold(self, connection: Connection) -> None:
        """Read no more from a connection that did not heed ``Retry-After`` until some leave.

        Refusing takes time too: such clients could have the service do nothing but refuse.
        """
        now = asyncio.get_running_loop().time()
        self._held.append((now + RETRY_AFTER, connection))

    def connected(self, connection: Connection) -> None:
        """Know a new connection; if they are too many, the longest awaited one has to go."""
        if len(self._connections) >= self.settings.max_connections:
            waiting = [one for one in self._connections if one.waiting_since is not None]
            victim = min(waiting, key=lambda one: one.waiting_since or 0, default=connection)
            victim.evict()
        self._connections.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    async def watch(self) -> None:
        """Look after all connections, each once a second or more often, while the service runs.

        After a second without work, memory that is free goes back to the system.
        """
        loop = asyncio.get_running_loop()
        left, idle = self._left, LOOKS_A_SECOND
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = loop.time()
            for connection in self._next_to_watch():
                connection.watch(now)
            while self._held and (self.draining or self._held[0][0] <= now):
                self._held.popleft()[1].resume()
            self.settle()
            idle = idle + 1 if self._left == left else 0
            left = self._left
            if idle == LOOKS_A_SECOND:
                give_back_free_memory()

    def _next_to_watch(self) -> list[Connection]:
        if not self._to_watch:
            self._to_watch = list(self._connections)
        count = max(WATCHED_TOGETHER, math.ceil(len(self._connections) / LOOKS_A_SECOND))
        part, self._to_watch = self._to_watch[:count], self._to_watch[count:]
        return [one for one in part if one in self._connections]

    def open_to(self, path: str, headers: Mapping[str, str]) -> bool:
        """Whether a request may pass: no key is asked for, or it has one."""
        if not self._keys or path in HEALTH:
            return True
        if path == METRICS and self.settings.metrics == "open":
            return True
        scheme, _, value = headers.get("authorization", "").partition(" ")
        key = headers.get("x-api-key", "")
        if scheme.lower() == "bearer":
            key = value.strip()
        elif scheme.lower() == "basic":
            try:
                key = b64decode(value).partition(b":")[2].decode("latin-1")
            except (Base64Error, ValueError):
                return False
        digest = _digest(key.encode("latin-1", "replace"))
        matches = [hmac.compare_digest(digest, known) for known in self._keys]  # all, always
        return any(matches)

    @property
    def asks_for_keys(self) -> bool:
        """Whether requests need a key."""
        return bool(self._keys)

    def finished(self, exchange: Exchange, route: str, status: int, sent: int) -> None:
        """End the record of a request, which is counted and logged soon.

        Args:
            route: the path by which it is counted.
            sent: bytes of the answer's body.
        """
        exchange.end = time.perf_counter()
        exchange.route, exchange.status, exchange.sent = route, status, sent
        self._finished.append(exchange)
        if len(self._finished) >= TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Count and log what has finished, and tell the metrics what is going on now.

        Many requests at a time: between two runs of the network, which push all else out of the
        processor's caches, each would take several times as long.
        """
        finished, self._finished = self._finished, []
        for one in finished:
            self.metrics.answered(one)
        if self._log is not None:
            self._log.write(finished)
        self.refusals.settle()
        self.metrics.gauges(self.in_flight, len(self._connections), self.buffered)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()  # of one length, so that comparing tells nothing
