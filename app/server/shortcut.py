"""``POST /predict`` with a small picture, answered where its last byte arrives.

For a small picture, server and framework take longer than decoding it: a task, a scope, a stack of
middleware, messages to and fro. Here the HTTP protocol (``protocol.py``) hands such a request to
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
from collections import deque
from http import HTTPStatus
from typing import Protocol

from app import problems
from app.answers import answer, encode
from app.pipeline import INLINE_BYTES, Pipeline
from app.preprocessing import Prepared
from app.recognizer import ENGINE_BATCH
from app.telemetry.exchange import Exchange, Predicted
from app.uploads import form_boundary, only_part

TURN_SECONDS = 0.02
"""Time after which the rest is put off to the next turn of the event loop, so that refusals, health
and all else have their turn too."""

logger = logging.getLogger("uvicorn.error")


class Connection(Protocol):
    """Where a request came from; each is either answered or declined."""

    def reply(
        self, request: Request, status: int, head: bytes, media_type: str, content: bytes
    ) -> None:
        """Answer a request; ``head`` is a line of headers."""

    def decline(self, request: Request) -> None:
        """Have the route answer a request."""


class Request:
    """A request that may take the shortcut."""

    __slots__ = ("body", "connection", "content_type", "exchange", "prepared", "seconds")
    prepared: Prepared
    seconds: float

    def __init__(
        self, connection: Connection, exchange: Exchange, content_type: bytes, body: bytes
    ) -> None:
        self.connection, self.exchange = connection, exchange
        self.content_type, self.body = content_type, body


class Shortcut:
    """Answers what can be answered at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._limit = min(INLINE_BYTES, pipeline.settings.max_upload_bytes)
        self._waiting: list[Request] = []
        self._put_off: deque[Request] = deque()
        self._turn_is_new = True
        self._turn_end = 0.0

    def take(self, request: Request) -> bool:
        """Answer or decline a request in this turn of the event loop; True if it is put off."""
        if self._turn_is_new:
            self._begin_turn()
            if self._prepare(request):
                self._answer([request])
        elif self._put_off or time.perf_counter() > self._turn_end:
            self._put_off.append(request)
            return True
        elif self._prepare(request):
            self._waiting.append(request)
        return False

    def hurry(self, request: Request) -> None:
        """Answer or decline a request that was put off, because another follows it."""
        self._put_off.remove(request)
        if self._prepare(request):
            self._waiting.append(request)

    def _begin_turn(self) -> None:
        self._turn_is_new = False
        self._turn_end = time.perf_counter() + TURN_SECONDS
        asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        if self._waiting:
            self._answer_waiting()
        if not self._put_off:
            self._turn_is_new = True
            return
        self._begin_turn()
        while self._put_off and time.perf_counter() < self._turn_end:
            if self._prepare(request := self._put_off.popleft()):
                self._waiting.append(request)
        self._answer_waiting()

    def _prepare(self, request: Request) -> bool:
        """Decode a request's picture; False if it can't be answered here and is declined."""
        start = time.perf_counter()
        prepared = None
        try:
            boundary = form_boundary(request.content_type)
            data = request.body if boundary is None else only_part(request.body, boundary)
            if data and len(data) <= self._limit:
                prepared = self._pipeline.prepare_small(data)
        except problems.Problem:
            pass  # the route explains it
        except Exception:
            logger.exception("POST /predict failed in the shortcut; the route tries again")
        if prepared is None:
            request.connection.decline(request)
            return False
        request.prepared, request.seconds = prepared, time.perf_counter() - start
        return True

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), ENGINE_BATCH):
            self._answer(waiting[start : start + ENGINE_BATCH])

    def _answer(self, waiting: list[Request]) -> None:
        start = time.perf_counter()
        try:
            predictions = self._pipeline.recognizer.predict_each(
                [one.prepared.image for one in waiting]
            )
        except Exception:
            logger.exception("POST /predict failed")
            problem = problems.unexpected()
            for one in waiting:
                one.connection.reply(
                    one, problem["status"], b"", problems.MEDIA_TYPE, encode(problem)
                )
            return
        inferring = time.perf_counter() - start
        for one, prediction in zip(waiting, predictions, strict=True):
            content = answer(one.prepared, prediction)
            named = content["digit"], content["confidence"], content["is_digit"]
            one.exchange.predicted = predicted = Predicted(*named, one.seconds, inferring)
            head = f"server-timing: {predicted.server_timing}\r\n".encode()
            one.connection.reply(one, HTTPStatus.OK, head, "application/json", encode(content))
