"""One request and its answer, as all who keep records of them know them."""

from __future__ import annotations

import re
import secrets
import time
from typing import NamedTuple

_SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

TOGETHER = 32
"""Requests that are counted and logged together; fewer, where the gate's watch comes first."""


class Predicted(NamedTuple):
    """What was answered for a picture, and the seconds that it took."""

    digit: int
    confidence: float
    is_digit: bool
    preprocessing_seconds: float
    inference_seconds: float

    @property
    def server_timing(self) -> str:
        """The value of the header Server-Timing, in milliseconds."""
        return (
            f"preprocess;dur={self.preprocessing_seconds * 1000:.3f}, "
            f"infer;dur={self.inference_seconds * 1000:.3f}"
        )


class Exchange:
    """One request and its answer; :meth:`app.server.gate.Gate.finished` says how it ended.

    Attributes:
        start, end: when it began and was answered, by :func:`time.perf_counter`.
        request_id: the client's ``X-Request-ID`` if it is sane, else one of ours.
        traceparent: the client's, if it is well-formed (W3C Trace Context), else empty.
        problem: slug of the problem that it was answered with, if any.
        predicted: what was answered for its picture, if it has one.
        route: the path by which it is counted.
        received, sent: bytes of the request's and of the answer's body.
    """

    __slots__ = (
        "client",
        "end",
        "method",
        "path",
        "predicted",
        "problem",
        "received",
        "request_id",
        "route",
        "sent",
        "start",
        "status",
        "traceparent",
    )
    end: float
    route: str
    sent: int
    status: int

    def __init__(
        self, method: str, path: str, client: str | None, request_id: bytes, traceparent: bytes
    ) -> None:
        self.start = time.perf_counter()
        self.method, self.path, self.client = method, path, client
        self.request_id, self.traceparent = request_id, traceparent
        self.problem: str | None = None
        self.predicted: Predicted | None = None
        self.received = 0


class Exchanges:
    """Begins records of requests, and names those that come without a sane id."""

    def __init__(self) -> None:
        self._process, self._count = secrets.token_hex(8).encode(), 0

    def begin(
        self, method: str, path: str, client: str | None, request_id: bytes, traceparent: bytes
    ) -> Exchange:
        """The record of a request.

        Args:
            request_id: as the client sent it; kept if it is letters, digits and a few signs.
            traceparent: as the client sent it; kept if it is well-formed.
        """
        if not (request_id and _SANE_ID.fullmatch(request_id)):
            request_id = self.next_id()
        if traceparent and not _TRACEPARENT.fullmatch(traceparent):
            traceparent = b""
        return Exchange(method, path, client, request_id, traceparent)

    def next_id(self) -> bytes:
        """An id of ours."""
        self._count += 1
        return b"%b%08x" % (self._process, self._count)


Individual = tuple[float, str | None, bytes]
"""What tells requests apart that are alike: when each was answered, its client, and its id."""
