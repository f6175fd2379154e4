"""One small picture too many: known by its head, refused, and recorded with others like it.

At ten times the load that can be answered nine of ten requests are refused, and what that takes is
lost to the tenth. So nothing is parsed, the answer is made anew only when the date changes, and a
record is its moment, client and id.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app import problems
from app.telemetry.access_log import AccessLog
from app.telemetry.exchange import TOGETHER, Exchange, Exchanges, Individual
from app.telemetry.metrics import Metrics

_BUSY = problems.Busy()

_OTHERS = (
    rb"(?i:(?:(?:host|user-agent|accept|accept-encoding|content-type):[^\r\n\0]*"
    rb"|connection: ?keep-alive)\r\n)*"
)
_PLAIN = re.compile(
    rb"POST /predict HTTP/1\.1\r\n%b(?i:content-length): ?(\d{1,9})\r\n%b\r\n" % (_OTHERS, _OTHERS)
)
"""The head of a request whose answer, if it is refused, depends on nothing in it."""

_END_OF_HEAD = b"\r\n\r\n"
_MOST_HEAD_BYTES = 1024


def is_one_plain_request(data: bytes) -> bool:
    """Whether bytes are one whole ``POST /predict``, and all is known of it that matters."""
    length = data.find(_END_OF_HEAD, 0, _MOST_HEAD_BYTES) + len(_END_OF_HEAD)
    return len(data) - length == _body_length(data[:length])


@lru_cache(maxsize=256)  # a client's heads are the same, again and again
def _body_length(head: bytes) -> int | None:
    match = _PLAIN.fullmatch(head)
    return int(match[1]) if match else None


class Refusals:
    """Answers plain requests that are one too many, and keeps records of them.

    Args:
        exchanges: gives each an id.
        metrics, log: where they are counted and logged.
    """

    def __init__(self, exchanges: Exchanges, metrics: Metrics, log: AccessLog | None) -> None:
        self._exchanges, self._metrics, self._log = exchanges, metrics, log
        self._each: list[Individual] = []
        self._alike = Exchange("POST", "/predict", None, b"", b"")
        self._alike.end, self._alike.route = self._alike.start, self._alike.path
        self._alike.status, self._alike.sent = _BUSY.status, len(_BUSY.content)
        self._alike.problem = _BUSY.slug
        self.set_usual_headers(b"")

    def set_usual_headers(self, lines: bytes) -> None:
        """Make the answer anew, with the lines that are on every answer."""
        content = _BUSY.content
        self._before = b"".join([STATUS_LINE[_BUSY.status], lines, _BUSY.head, b"x-request-id: "])
        self._after = b"\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (
            *(problems.MEDIA_TYPE.encode(), len(content), content),
        )

    def answer(self, client: str | None) -> bytes:
        """Record one more, of a client's address; the answer to it."""
        request_id = self._exchanges.next_id()
        self._each.append((time.perf_counter(), client, request_id))
        if len(self._each) >= TOGETHER:
            self.settle()
        return self._before + request_id + self._after

    def settle(self) -> None:
        """Count and log those that are not yet."""
        each, self._each = self._each, []
        if each:
            self._metrics.answered(self._alike, len(each))
            if self._log is not None:
                self._log.write_alike(self._alike, each)
