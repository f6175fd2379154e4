"""``POST /predict`` with a small picture, answered where its last byte arrives.

For a small picture, server and framework take longer than decoding it: a task, a scope, a stack of
middleware, messages to and fro. Here uvicorn's own HTTP protocol hands such a request to
:class:`Shortcut` and writes the answer itself. Whatever is unusual about a request, and every
picture that is refused, goes the whole way, as if it had not been looked at: the route in
``predict.py`` remains the one that documents, limits, and explains errors.

Of the requests that are there at the same time the first is answered at once; the others are
decoded one after the other, then recognised together, then answered. Nothing waits for others to
come: it only keeps the code of each step in the processor's caches, out of which the network pushes
it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app import problems
from app.answers import answer, encode
from app.pipeline import INLINE_BYTES, Outcome, Pipeline
from app.preprocessing import Prepared
from app.recognizer import ENGINE_BATCH
from app.uploads import form_boundary, only_part

FORM_BYTES = 1024
"""Bytes allowed for boundary and headers of the form's only part."""

logger = logging.getLogger("uvicorn.error")

Reply = Callable[[int, bytes], None]
"""Takes the status, and headers and body of the answer."""


class _Waiting(NamedTuple):
    prepared: Prepared
    seconds: float
    reply: Reply


class Shortcut:
    """Answers what can be answered at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._limit = min(INLINE_BYTES, pipeline.settings.max_upload_bytes)
        self._waiting: list[_Waiting] = []
        self._turn_is_new = True

    def take(self, content_type: bytes, body: bytes, reply: Reply) -> bool:
        """Take a request, to be answered in this turn of the event loop; False if it can't be."""
        start = time.perf_counter()
        try:
            boundary = form_boundary(content_type)
            data = body if boundary is None else only_part(body, boundary)
            if not data or len(data) > self._limit:
                return False
            prepared = self._pipeline.prepare_small(data)
        except problems.Problem:
            return False
        except Exception:
            logger.exception("POST /predict failed in the shortcut; the route tries again")
            return False
        if prepared is None:
            return False
        one = _Waiting(prepared, time.perf_counter() - start, reply)
        if self._turn_is_new:
            self._turn_is_new = False
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._answer([one])
        else:
            self._waiting.append(one)
        return True

    def _end_turn(self) -> None:
        self._turn_is_new = True
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), ENGINE_BATCH):
            self._answer(waiting[start : start + ENGINE_BATCH])

    def _answer(self, waiting: list[_Waiting]) -> None:
        start = time.perf_counter()
        try:
            predictions = self._pipeline.recognizer.predict_each(
                [one.prepared.image for one in waiting]
            )
        except Exception:
            logger.exception("POST /predict failed")
            problem = problems.unexpected()
            for one in waiting:
                one.reply(problem["status"], _head(problems.MEDIA_TYPE, encode(problem)))
            return
        inferring = time.perf_counter() - start
        for one, prediction in zip(waiting, predictions, strict=True):
            outcome = Outcome(one.prepared, prediction, one.seconds, inferring)
            content = encode(answer(one.prepared, prediction))
            timing = f"server-timing: {outcome.server_timing}\r\n"
            one.reply(HTTPStatus.OK, timing.encode() + _head("application/json", content))


def _head(media_type: str, content: bytes) -> bytes:
    head = f"content-type: {media_type}\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


class ShortcutProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with the shortcut that the lifespan offers as ``shortcut``."""

    _body: bytearray | None = None
    """Bytes so far of a request that may take the shortcut."""
    _content_type = b""
    _unanswered = 0
    """Requests that the shortcut has taken."""
    _last = False
    """Whether the server is stopping: the connection closes after the requests on their way."""

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
        """End a request: it takes the shortcut, or goes the whole way after all."""
        if self._body is None:
            super().on_message_complete()
            return
        body, self._body = bytes(self._body), None
        shortcut: Shortcut = self.app_state["shortcut"]
        if not self._last:
            self._unanswered += 1
            if shortcut.take(self._content_type, body, self._reply):
                return
            self._unanswered -= 1
        super().on_headers_complete()
        if self._last:
            self.cycle.keep_alive = False
        super().on_body(body)
        super().on_message_complete()

    def shutdown(self) -> None:
        """Stop: at once if idle, else after the requests that are on their way."""
        if self._body is None and not self._unanswered:
            super().shutdown()
        else:
            self._last = True

    def _reply(self, status: int, head_and_body: bytes) -> None:
        self._unanswered -= 1
        if self.transport.is_closing():
            return
        lines = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            lines += (name, b": ", value, b"\r\n")
        if self._last:
            lines.append(b"connection: close\r\n")
        self.transport.write(b"".join([*lines, head_and_body]))
        self.on_response_complete()
        if self._last and not self._unanswered:
            self.transport.close()

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
