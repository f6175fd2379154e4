"""The protocol of a connection: small pictures take the shortcut, all else goes the whole way."""

from __future__ import annotations

from app import problems
from app.pipeline import INLINE_BYTES
from app.server.connections import GuardedProtocol
from app.server.gate import CLIENT_WENT_AWAY
from app.server.refusals import is_one_plain_request
from app.server.shortcut import Request, Shortcut
from app.telemetry.exchange import Exchange

_BUSY = problems.Busy()

FORM_BYTES = 1024
"""Bytes allowed for boundary and headers of the form's only part."""


class ShortcutProtocol(GuardedProtocol):
    """A connection with the shortcut that the lifespan offers as ``shortcut``.

    What comes while the service is full it refuses, for less than the middleware takes.
    """

    _body: bytearray | None = None
    """Bytes so far of a request that may take the shortcut."""
    _exchange: Exchange
    """Of the request that has begun and may take the shortcut."""
    _content_type = b""
    _refused_at = float("-inf")
    """When it was last refused, by the loop's clock."""
    _unanswered = 0
    """Requests that the shortcut has taken."""
    _put_off: Request | None = None
    """The last of them, while the shortcut has put it off."""

    def data_received(self, data: bytes) -> None:
        """Go on; one whole request too many is refused unparsed, which is cheaper."""
        if self.gate.full and self._is_refused_unparsed(data):
            self._fresh = False
            self.gate.set_default_headers(self.server_state.default_headers)
            self.transport.write(self.gate.refusals.answer(self.host))
            self._end_answer(close=False)
            self._rest()
        else:
            super().data_received(data)

    def _is_refused_unparsed(self, data: bytes) -> bool:
        """Whether these bytes are a request whose refusal depends on nothing else."""
        return not (
            self._begun
            or self.busy
            or self.flow.write_paused
            or self.transport.is_closing()
            or self.gate.draining
            or self.gate.asks_for_keys
            or self.app_state["shortcut"] is None
        ) and is_one_plain_request(data)

    @property
    def busy(self) -> bool:
        """Whether an answer is owed."""
        return self._unanswered > 0 or super().busy

    def on_message_begin(self) -> None:
        """Begin a request: the one before needs what is known of it no longer."""
        if self._put_off is not None:
            request, self._put_off = self._put_off, None
            self.app_state["shortcut"].hurry(request)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request: collect its body here if it may take the shortcut."""
        if self.url == b"/predict" and self._may_take_shortcut():
            self._body = bytearray()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Go on with a request."""
        if self._body is None:
            super().on_body(body)
        else:
            self._received += len(body)
            self._body += body

    def on_message_complete(self) -> None:
        """End a request: it takes the shortcut, or goes the whole way after all."""
        if self._body is None:
            super().on_message_complete()
            return
        self._begun, self.waiting_since = False, None
        body, self._body = bytes(self._body), None
        shortcut: Shortcut = self.app_state["shortcut"]
        if not self.gate.enter():
            if self._unanswered:  # refused here, it would be answered before them
                self._go_whole_way(body)
            else:
                self._refuse()
            return
        self._exchange.received = len(body)
        self._unanswered += 1
        request = Request(self, self._exchange, self._content_type, body)
        if shortcut.take(request):
            self._put_off = request

    def decline(self, request: Request) -> None:
        """Have a request that the shortcut had taken go the whole way."""
        self._unanswered -= 1
        self._put_off = None
        if self.transport.is_closing():
            self.gate.leave()
            self.gate.finished(request.exchange, "/predict", CLIENT_WENT_AWAY, 0)
            return
        self.scope["admitted"] = True  # type: ignore[typeddict-unknown-key]
        self._go_whole_way(request.body)

    def _go_whole_way(self, body: bytes) -> None:
        super().on_headers_complete()
        super().on_body(body)
        super().on_message_complete()

    def _refuse(self) -> None:
        close = self.gate.draining
        self.answer_problem(_BUSY, self._exchange, close=close)
        self._end_answer(close)
        if not close:
            self._rest()

    def _rest(self) -> None:
        """Read no more for now, after a refusal that came too soon after another."""
        now = self.loop.time()
        if now - self._refused_at < problems.RETRY_AFTER:
            self.flow.pause_reading()
            self.gate.hold(self)
        self._refused_at = now

    def reply(
        self, request: Request, status: int, head: bytes, media_type: str, content: bytes
    ) -> None:
        """Answer a request that the shortcut had taken."""
        self._unanswered -= 1
        self._put_off = None
        self.gate.leave()
        close = self.gate.draining and not self._unanswered
        self.answer(status, head, media_type, content, request.exchange, close=close)
        self.gate.finished(request.exchange, "/predict", status, len(content))
        self._end_answer(close)

    def _end_answer(self, close: bool) -> None:
        self.server_state.total_requests += 1
        if close:
            self.transport.close()
        elif not (self._begun or self._unanswered) and (
            self.cycle is None or self.cycle.response_complete
        ):
            self.waiting_since, self._received = self.loop.time(), 0

    def _may_take_shortcut(self) -> bool:
        if (
            self.parser.get_method() != b"POST"
            or self.expect_100_continue
            or not self.parser.should_keep_alive()
            or self.parser.get_http_version() != "1.1"
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.flow.write_paused
            or self.app_state["shortcut"] is None
        ):
            return False
        length = None
        self._content_type = request_id = traceparent = b""
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value)  # the parser has seen to it that it is one
            elif name == b"content-type":
                self._content_type = value
            elif name == b"x-request-id":
                request_id = value
            elif name == b"traceparent":
                traceparent = value
            elif name == b"origin" and self.gate.settings.cors_origins:
                return False
        if length is None or length > INLINE_BYTES + FORM_BYTES:
            return False
        if self.gate.asks_for_keys and not self.gate.open_to("/predict", _texts(self.headers)):
            return False
        self._exchange = self.gate.exchanges.begin(
            "POST", "/predict", self.host, request_id, traceparent
        )
        return True


def _texts(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
