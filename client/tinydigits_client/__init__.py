"""A client of the tinydigits service; the standard library is all that it needs.

ClientError
├── Refused      the service answered, and asking again would not help
└── Unavailable  no answer, or only 502, 503 and 504, for longer than the client's patience
"""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

__all__ = ["Client", "ClientError", "Prediction", "Refused", "Unavailable"]

PASSING = (502, 503, 504)
"""Statuses that say nothing about the request."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
KEPT = 2.0
"""Seconds that an idle connection is used again; the service closes it after a few more."""


class ClientError(Exception):
    """There is no answer."""


class Refused(ClientError):
    """The service refuses the request.

    Attributes:
        status: of HTTP.
        problem: the problem details (RFC 9457): ``type``, ``title``, ``detail``; may be empty.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        reason = problem.get("detail") or problem.get("title") or http.client.responses.get(status)
        super().__init__(f"{status}: {reason}")


class Unavailable(ClientError):
    """The service can't be reached, or is busy."""


@dataclass(frozen=True)
class Prediction:
    """What the service says of a picture.

    Attributes:
        digit: 0 to 9.
        confidence: how likely it is right, 0 to 1.
        log_probabilities: ten numbers; the index is the digit.
        is_digit: False for a letter, a doodle, a shoe.
        several_digits: whether there are others beside the one named; False in a batch of arrays.
        answer: all that the service said.
    """

    digit: int
    confidence: float
    log_probabilities: tuple[float, ...]
    is_digit: bool
    several_digits: bool
    answer: dict[str, Any]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Prediction:
        """The prediction in an answer of the service."""
        return cls(
            answer["digit"],
            answer["confidence"],
            tuple(answer["log_probabilities"]),
            answer["is_digit"],
            answer.get("several_digits", False),
            answer,
        )


class Client:
    """Asks a service, over one connection; for threads, take one each.

    Args:
        url: of the service; a path before its routes is kept.
        api_key: sent as ``Authorization: Bearer``, if the service wants one.
        timeout: seconds without a byte after which an attempt is given up.
        patience: seconds for which an attempt that may succeed later is made again.
    """

    def __init__(
        self, url: str, *, api_key: str | None = None, timeout: float = 10, patience: float = 30
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not the URL of a service")
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self._connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout)
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._patience = patience
        self._used = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next request makes it anew."""
        self._connection.close()

    def predict(self, picture: bytes) -> Prediction:
        """Name the digit on a picture: the bytes of a PNG, JPEG, WebP, BMP, GIF or TIFF file.

        Raises:
            Refused, Unavailable: as their names say.
        """
        return Prediction.of(self._ask("POST", "/predict", picture, "application/octet-stream"))

    def predict_batch(self, pictures: Sequence[bytes]) -> list[Prediction | Refused]:
        """Name the digits on many pictures, in order, with a problem in the place of some.

        Raises:
            Refused, Unavailable: as their names say, for the whole request.
        """
        boundary = f"{random.getrandbits(128):032x}"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="picture"'
        start = f"{head}\r\n\r\n".encode()
        body = b"".join(start + picture + b"\r\n" for picture in pictures)
        body += f"--{boundary}--\r\n".encode()
        content_type = f"multipart/form-data; boundary={boundary}"
        answers = self._ask("POST", "/predict/batch", body, content_type)["answers"]
        return [
            Prediction.of(one) if "digit" in one else Refused(one["status"], one) for one in answers
        ]

    def model_info(self) -> dict[str, Any]:
        """Parameters, accuracy, hash and versions of what answers."""
        return self._ask("GET", "/model-info")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> dict[str, Any]:
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        deadline, pause = time.monotonic() + self._patience, FIRST_PAUSE
        cause: Exception
        while True:
            try:
                status, retry_after, content = self._attempt(method, path, body, headers)
            except (OSError, http.client.HTTPException) as exc:
                self.close()
                wait, cause = pause * random.random(), exc  # noqa: S311 - not for secrets
            else:
                if status == 200:
                    answer: dict[str, Any] = json.loads(content)
                    return answer
                cause = Refused(status, _problem(content))
                if status not in PASSING:
                    raise cause
                wait = pause * random.random() if retry_after is None else retry_after  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE)
            if time.monotonic() + wait > deadline:
                raise Unavailable(f"no answer in {self._patience:g} s: {cause}") from cause
            time.sleep(wait)

    def _attempt(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, float | None, bytes]:
        """Status, seconds of Retry-After, and content."""
        if time.monotonic() - self._used > KEPT:
            self.close()
        self._connection.request(method, self._path + path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used = time.monotonic()
        retry_after = response.getheader("Retry-After", "")
        return response.status, float(retry_after) if retry_after.isdecimal() else None, content


def _problem(content: bytes) -> dict[str, Any]:
    """The problem details in a response; none if something else answered, a proxy perhaps."""
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
