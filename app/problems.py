"""What can be wrong with a request, on the wire as RFC 9457 problem details.

Problem
├── NoFile                400  the form has no part named ``file``, or the body is missing
├── TooManyFiles          400  more than one picture in a request for one
├── MalformedForm         400  the multipart body breaks off or is none
├── MalformedArray        400  an array that breaks off or whose header lies
├── MalformedHttp         400
├── InvalidTensor         400  of the Open Inference Protocol
├── EmptyFile             400
├── DamagedImage          400  an accepted format that does not decode
├── TooManyBytes          413
├── TooManyPixels         413
├── TooManyImages         413  more in a batch than is accepted
├── NotAnImage            415
├── UnsupportedFormat     415  an image, but none of the accepted formats
├── NotABatch             415  neither a form nor an array of 28×28 unsigned bytes
├── NoKey                 401  keys are asked for, and none of them was sent
├── SlowUpload            408  the request did not arrive in time
├── BlankPicture          422  decoded, but nothing is drawn on it
├── NotNetworkInput       422  ``preprocess=none``, but the picture is not 28×28 and grey
├── TooManyHeaders        431  the head of the request does not end
└── Busy                  503  as many requests are worked on as are allowed
"""

from __future__ import annotations

import http
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

ACCEPTED = "PNG, JPEG, WebP, BMP, GIF or TIFF"
MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 1
"""Seconds after which a client that got 503 may ask again."""


class Problem(Exception):
    """A request that can't be answered: what was wrong with it, and what would be right."""

    status: ClassVar[int] = 400
    slug: ClassVar[str]
    title: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def as_dict(self) -> dict[str, Any]:
        """Members of the problem details object."""
        return {
            "type": f"urn:tinydigits:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }

    @cached_property
    def head(self) -> bytes:
        """Lines of its headers, each with its end."""
        lines = [f"{name.lower()}: {value}\r\n" for name, value in self.headers.items()]
        return "".join(lines).encode()

    @cached_property
    def content(self) -> bytes:
        """The problem details object as JSON."""
        return orjson.dumps(self.as_dict())


class NoFile(Problem):
    slug, title = "no-file", "No picture was sent"


class TooManyFiles(Problem):
    slug, title = "too-many-files", "More than one picture was sent"


class MalformedForm(Problem):
    slug, title = "malformed-form", "The multipart body can't be read"


class MalformedArray(Problem):
    slug, title = "malformed-array", "The array of images can't be read"


class InvalidTensor(Problem):
    slug, title = "invalid-tensor", "The tensors can't be read"


class EmptyFile(Problem):
    slug, title = "empty-file", "The file is empty"


class DamagedImage(Problem):
    slug, title = "damaged-image", "The image is truncated or damaged"


class TooManyBytes(Problem):
    status = 413
    slug, title = "too-many-bytes", "The upload is too large"


class TooManyPixels(Problem):
    status = 413
    slug, title = "too-many-pixels", "The picture has too many pixels"


class TooManyImages(Problem):
    status = 413
    slug, title = "too-many-images", "The batch has too many images"


class NotAnImage(Problem):
    status = 415
    slug, title = "not-an-image", "This is not an image"


class UnsupportedFormat(Problem):
    status = 415
    slug, title = "unsupported-format", "This image format is not accepted"


class NotABatch(Problem):
    status = 415
    slug, title = "not-a-batch", "This is not a batch of digits"


class NotNetworkInput(Problem):
    status = 422
    slug, title = "not-network-input", "The picture is not the network's input"


class BlankPicture(Problem):
    status = 422
    slug, title = "blank-picture", "Nothing is drawn on the picture"


class NoKey(Problem):
    status = 401
    slug, title = "no-key", "A key is needed"
    headers: ClassVar[dict[str, str]] = {
        "WWW-Authenticate": 'Basic realm="tinydigits", charset="UTF-8", Bearer realm="tinydigits"'
    }


class SlowUpload(Problem):
    status = 408
    slug, title = "slow-upload", "The request did not arrive in time"


class TooManyHeaders(Problem):
    status = 431
    slug, title = "too-many-headers", "The request's head is too large"


class MalformedHttp(Problem):
    slug, title = "malformed-http", "This is not HTTP"


class Busy(Problem):
    status = 503
    slug, title = "busy", "The service is busy"
    headers: ClassVar[dict[str, str]] = {"Retry-After": str(RETRY_AFTER)}

    def __init__(
        self, detail: str = "As many requests are worked on as can be. Ask again in a second."
    ) -> None:
        super().__init__(detail)


KINDS = (
    *sorted(problem.slug for problem in Problem.__subclasses__()),
    *("invalid-request", "not-found", "method-not-allowed"),
    "internal-server-error",
)
"""Slugs of all problems, with those of the framework's errors: their titles."""


def kind_of(problem: dict[str, Any]) -> str:
    """The slug of a problem details object."""
    if problem["type"] == "about:blank":
        return str(problem["title"]).lower().replace(" ", "-")
    return str(problem["type"]).rpartition(":")[2]


def unexpected() -> dict[str, Any]:
    """The problem details object of a defect of ours."""
    status = http.HTTPStatus.INTERNAL_SERVER_ERROR
    return {"type": "about:blank", "title": status.phrase, "status": status.value}


def problem_response(
    path: str, problem: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """The response that carries a problem details object.

    Args:
        path: of the request; clients of the Open Inference Protocol look for a member ``error``.
    """
    if path.startswith("/v2"):
        problem = {**problem, "error": problem.get("detail", problem["title"])}
    return Response(orjson.dumps(problem), problem["status"], headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem details object."""

    def answered(
        request: Request, problem: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        request.scope["exchange"].problem = kind_of(problem)
        return problem_response(request.scope["path"], problem, headers)

    @app.exception_handler(Problem)
    async def _problem(request: Request, exc: Problem) -> Response:
        return answered(request, exc.as_dict(), exc.headers)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, exc: HTTPException) -> Response:
        title = http.HTTPStatus(exc.status_code).phrase
        details = {"type": "about:blank", "title": title, "status": exc.status_code}
        if exc.detail != title:
            details["detail"] = exc.detail
        return answered(request, details, exc.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, exc: RequestValidationError) -> Response:
        places = [
            f"{' '.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in exc.errors()
        ]
        details = {
            "type": "urn:tinydigits:invalid-request",
            "title": "The request is not valid",
            "status": 422,
            "detail": "; ".join(places),
        }
        return answered(request, details)
