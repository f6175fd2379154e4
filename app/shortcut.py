"""``POST /predict`` with a small picture, answered where its last byte arrives.

For a small picture, server and framework take longer than decoding it: a task, a scope, a stack of
middleware, messages to and fro. Here uvicorn's own HTTP protocol hands such a request to
:class:`Shortcut`, and writes the answer without leaving the parser's callback. Whatever is unusual
about a request or fails in it goes the whole way, as if it had not been looked at: the route in
``predict.py`` remains the one that documents, limits, and explains errors.
"""

from __future__ import annotations

import logging

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.answers import answer, encode
from app.pipeline import INLINE_BYTES, Pipeline
from app.problems import Problem
from app.uploads import form_boundary, only_part

FORM_BYTES = 1024
"""Bytes allowed for boundary and headers of the form's only part."""

logger = logging.getLogger("uvicorn.error")


class Shortcut:
    """Answers what can be answered at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._limit = min(INLINE_BYTES, pipeline.settings.max_upload_bytes)

    def __call__(self, content_type: bytes, body: bytes) -> bytes | None:
        """The headers and the body of the answer; None if the route has to answer."""
        try:
            boundary = form_boundary(content_type)
            data = body if boundary is None else only_part(body, boundary)
            if not data or len(data) > self._limit:
                return None
            outcome = self._pipeline.name_small_digit(data)
        except Problem:
            return None
        except Exception:
            logger.exception("POST /predict failed at once; the route tries again")
            return None
        if outcome is None:
            return None
        content = encode(answer(outcome.prepared, outcome.prediction))
        return (
            b"content-type: application/json\r\ncontent-length: %d\r\nserver-timing: %b\r\n\r\n%b"
            % (len(content), outcome.server_timing.encode(), content)
        )


class ShortcutProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with the shortcut that the lifespan offers as ``shortcut``."""

    _body: bytearray | None = None
    """Bytes so far of a request that may take the shortcut."""
    _content_type = b""
    _last = False
    """Whether the server is stopping: the connection closes after this request."""

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
            self._body += body

    def on_message_complete(self) -> None:
        """End a request: answer it, or have it go the whole way after all."""
        if self._body is None:
            super().on_message_complete()
            return
        body, self._body = bytes(self._body), None
        reply = None if self._last else self.app_state["shortcut"](self._content_type, body)
        if reply is not None:
            lines = [b"HTTP/1.1 200 OK\r\n"]
            for name, value in self.server_state.default_headers:
                lines += (name, b": ", value, b"\r\n")
            self.transport.write(b"".join([*lines, reply]))
            self.on_response_complete()
            return
        super().on_headers_complete()
        if self._last:
            self.cycle.keep_alive = False
        super().on_body(body)
        super().on_message_complete()

    def shutdown(self) -> None:
        """Stop: at once if idle, else after the request that is on its way."""
        if self._body is None:
            super().shutdown()
        else:
            self._last = True

    def _may_take_shortcut(self) -> bool:
        if (
            self.parser.get_method() != b"POST"
            or self.expect_100_continue
            or not self.parser.should_keep_alive()
            or self.parser.should_upgrade()
            or self.limit_concurrency is not None
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.flow.write_paused
            or "shortcut" not in self.app_state
        ):
            return False
        length = None
        self._content_type = b""
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value)  # the parser has seen to it that it is one
            elif name == b"content-type":
                self._content_type = value
        return length is not None and length <= INLINE_BYTES + FORM_BYTES
