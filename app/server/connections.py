"""uvicorn's HTTP/1.1 protocol for the open internet: clients that are slow, idle, or too many.

uvicorn waits for ever for a request that doesn't come, or of which only a part comes, or whose
answer is not taken. Here every connection has a deadline for what its client has to do next. No
timers are set for that: :meth:`app.server.gate.Gate.watch` looks at all connections, each once a
second or more often.
"""

from __future__ import annotations

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app import problems
from app.server.gate import Gate
from app.telemetry.exchange import Exchange

LINGER_SECONDS = 0.2

MOST_HEAD_BYTES = 64 * 1024
"""Of a request line and headers, or of the trailers behind a body, beside what came with their
first byte; more would fill memory."""

_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:[^\r\n]*", re.IGNORECASE)


class GuardedProtocol(HttpToolsProtocol):
    """A connection with deadlines; what admits and records is the lifespan's ``gate``."""

    gate: Gate
    waiting_since: float | None = None
    """When its client's turn began, by the loop's clock; None while it is ours."""
    _begun = False
    """A request has begun that is not yet whole."""
    _head_bytes = 0
    """Of what came of it since there was something of its body."""
    _fresh = True
    """Nothing has been asked yet."""
    _received = 0
    """Bytes of the body of the request that has begun."""
    _write_paused = False
    _unsent = 0
    """Bytes of answers that the client had to take when writing was paused."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin: of too many connections, the one that has kept us waiting longest has to go."""
        super().connection_made(transport)
        self.gate = self.app_state["gate"]
        self.waiting_since = self.loop.time()
        self.gate.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; whoever works on an answer is told by its scope."""
        self.gate.disconnected(self)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.scope["gone"] = True  # type: ignore[typeddict-unknown-key]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Go on; a head, or trailers, that do not end are refused."""
        headers, received = self.headers, self._received
        if not self._begun and b"pgrade" in data:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._received != received:
            self._head_bytes = 0
        elif self._begun and self.headers is headers:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not (
                self.transport.is_closing() or self.flow.read_paused
            ):
                self._give_up(problems.TooManyHeaders("Send fewer or shorter headers."))

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._begun, self._fresh, self._head_bytes = True, False, 0
        self.waiting_since, self._received = self.loop.time(), 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Go on with a request."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request: now it is our turn."""
        self._begun, self.waiting_since = False, None
        super().on_message_complete()
        if not self.pipeline:  # reading rests after a large body, and who leaves would not be seen
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """End an answer; the next request may have begun already."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # watched like all other deadlines
        if not self._begun:
            self.waiting_since, self._received = self.loop.time(), 0

    def pause_writing(self) -> None:
        """Wait until the client has taken some of the answer."""
        super().pause_writing()
        self._write_paused, self._unsent = True, self.transport.get_write_buffer_size()
        self.waiting_since, self._received = self.loop.time(), 0

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        self._write_paused, self._unsent = False, 0
        self.waiting_since = None if self.busy else self.loop.time()

    @property
    def busy(self) -> bool:
        """Whether an answer is owed."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def host(self) -> str | None:
        """The client's address, if it has one."""
        return self.client[0] if self.client else None

    def watch(self, now: float) -> None:
        """End the connection if its client has let us wait too long.

        Args:
            now: the loop's clock.
        """
        if self.waiting_since is None:
            return
        current = self._current
        if (self.flow.read_paused and not self._write_paused) or (self.busy and not current):
            self.waiting_since, self._received = now, 0  # it is we who let the client wait
            return
        settings = self.gate.settings
        waited = now - self.waiting_since
        if self.transport.is_closing() or self._write_paused:
            taken = max(0, self._unsent - self.transport.get_write_buffer_size())
            if waited > settings.upload_seconds + taken / settings.min_upload_rate:
                self.transport.abort()
        elif not self._begun:
            if waited > (settings.upload_seconds if self._fresh else settings.keep_alive_seconds):
                self.transport.close()
        elif current and not self.busy:  # the rest of a body that was refused
            if waited > settings.upload_seconds:
                self.transport.close()
        elif waited > settings.upload_seconds + self._received / settings.min_upload_rate:
            self._give_up(problems.SlowUpload("Send the request faster, or a smaller one."))

    def shutdown(self) -> None:
        """Stop after the requests that are on their way.

        An idle connection is closed a moment later: what its client has just sent is still read,
        and closing it unread would reset the connection.
        """
        self.gate.draining = True
        if self.busy:
            super().shutdown()
        else:
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if not (self.busy or self._begun):
            self.transport.close()

    def evict(self) -> None:
        """End the connection at once, to make room."""
        self.waiting_since = None  # so that it is not chosen again before it has gone
        self.transport.abort()

    def resume(self) -> None:
        """Read again after the gate has held the connection."""
        if not self.transport.is_closing():
            self.flow.resume_reading()

    @property
    def _current(self) -> bool:
        """Whether the request that came last has been handed on."""
        return self.cycle is not None and self.cycle.scope is self.scope

    def _give_up(self, problem: problems.Problem) -> None:
        """End the connection in the middle of a request, with an answer if it has none."""
        if not self._current:
            self._refuse_at_once(problem)
            return
        if self.busy:
            self.scope["refused"] = problem  # type: ignore[typeddict-unknown-key]
            if not self.cycle.response_started:  # the route waits for the rest
                self.answer_problem(problem, None)
            self.cycle.response_started = self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _refuse_at_once(self, problem: problems.Problem) -> None:
        """End the connection with the answer to a request that is not known."""
        if not self.busy:  # else an answer is on its way already
            self.answer_problem(problem, self.gate.exchanges.begin("-", "-", self.host, b"", b""))
        self.transport.close()

    def answer(
        self,
        status: int,
        head: bytes,
        media_type: str,
        content: bytes,
        exchange: Exchange | None,
        *,
        close: bool,
    ) -> None:
        """Write a whole answer with what every answer must have.

        Args:
            head: lines of headers, each with its end.
            exchange: the record of the request; None if it is a route's.
        """
        if self.transport.is_closing():
            return
        self.gate.set_default_headers(self.server_state.default_headers)
        lines = [STATUS_LINE[status], self.gate.usual_headers, head]
        if exchange is not None:
            lines += (b"x-request-id: ", exchange.request_id, b"\r\n")
            if exchange.traceparent:
                lines += (b"traceparent: ", exchange.traceparent, b"\r\n")
        if close:
            lines.append(b"connection: close\r\n")
        lines.append(
            f"content-type: {media_type}\r\ncontent-length: {len(content)}\r\n\r\n".encode()
        )
        lines.append(content)
        self.transport.write(b"".join(lines))

    def answer_problem(
        self, problem: problems.Problem, exchange: Exchange | None, *, close: bool = True
    ) -> None:
        """Write a problem, and record it."""
        head, content = problem.head, problem.content
        self.answer(problem.status, head, problems.MEDIA_TYPE, content, exchange, close=close)
        if exchange is not None:
            exchange.problem = problem.slug
            self.gate.finished(exchange, exchange.path, problem.status, len(content))

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse_at_once(problems.MalformedHttp(msg))


def _without_upgrade(data: bytes) -> bytes:
    """A request that offers another protocol, as Java's client and ``curl --http2`` do, without.

    The parser would take what follows the head for that protocol, and not for the body.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"", head) + end + rest
