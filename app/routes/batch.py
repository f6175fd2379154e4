"""``POST /predict/batch``: many digits in one request, answered in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from app.answers import encode
from app.arrays import read_images
from app.pipeline import Pipeline, Preprocess
from app.problems import NoFile, TooManyImages
from app.routes.predict import AT_THE_GATE, problem_responses
from app.routes.schemas import BatchOut
from app.telemetry.metrics import Metrics
from app.uploads import form_boundary, parse_form, read_body

router = APIRouter()

ARRAY_PIECE, FILE_PIECE = 128, 16
"""Images that a thread takes at a time; after these few milliseconds others have their turn."""
NDJSON = "application/x-ndjson"

_BINARY = {"type": "string", "format": "binary"}
_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "array", "items": _BINARY, "minItems": 1}},
            }
        },
        "application/octet-stream": {
            "schema": {**_BINARY, "description": "IDX, `.npy` or bare pixels: uint8 [N, 28, 28]."}
        },
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answers, in order. With `Accept: application/x-ndjson` one a line, "
        "each sent as soon as it is known.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    },
    **problem_responses(
        {
            400: "Nothing was sent, or a form or an array that breaks off or promises otherwise.",
            **AT_THE_GATE,
            413: "Too many bytes, or too many images.",
            415: "Not an array of 28×28 unsigned bytes.",
            422: "A parameter is not valid.",
        }
    ),
}


@router.post(
    "/predict/batch",
    summary="Name the digits on many pictures",
    response_model=BatchOut,
    responses=_RESPONSES,
    openapi_extra={"requestBody": _REQUEST_BODY},
)
async def predict_batch(
    request: Request,
    preprocess: Annotated[
        Preprocess | None,
        Query(
            description="`auto`, the default for files, finds the digit on each picture. `none`, "
            "the default for arrays, hands 28×28 grey pictures to the network as they are."
        ),
    ] = None,
) -> Response:
    """Send files as parts `file` of a form, or an array uint8 [N, 28, 28], bright ink on dark, as
    the body: IDX as MNIST comes, NumPy's `.npy`, or bare pixels, told apart by their first bytes.

    An image that can't be answered has a problem in its place; the others are answered.
    """  # noqa: D205 - Markdown for /docs
    pipeline: Pipeline = request.app.state.pipeline
    pieces = await _read_pieces(request, pipeline, preprocess)
    answers = _in_threads(pieces, pipeline, request)
    if NDJSON in request.headers.get("accept", ""):
        lines = (b"".join(encode(one) + b"\n" for one in piece) async for piece in answers)
        return StreamingResponse(lines, media_type=NDJSON)
    parts = [encode(piece)[1:-1] async for piece in answers]
    return Response(b'{"answers":[%b]}' % b",".join(parts), media_type="application/json")


Piece = Callable[[], list[dict[str, Any]]]
"""Work for a thread: the answers of some of the images."""


async def _read_pieces(
    request: Request, pipeline: Pipeline, preprocess: Preprocess | None
) -> Iterator[Piece]:
    settings = pipeline.settings
    pipeline.refuse_if_threads_are_busy()
    boundary = form_boundary(request.headers.get("content-type", "").encode("latin-1"))
    body = await read_body(request, settings.max_batch_bytes, settings.max_batch_bytes)
    if boundary is None:
        if not body:
            raise NoFile("Send an array of images as the body, or a form with parts named file.")
        images = read_images(body, settings.max_batch_images)
        array_work = (
            pipeline.name_prepared if preprocess in (None, "none") else pipeline.name_pixels
        )
        return (partial(array_work, piece) for piece in _split(images, ARRAY_PIECE))
    parse = partial(parse_form, bytes(body), boundary, settings.max_batch_images, TooManyImages)
    parts = await pipeline.in_thread(parse)
    files = [bytes(part.data) for part in parts if part.name == "file"]
    if not files:
        raise NoFile("The form has no part named file.")
    return (
        partial(pipeline.name_files, piece, preprocess or "auto")
        for piece in _split(files, FILE_PIECE)
    )


def _split(images: Any, size: int) -> Iterator[Any]:
    return (images[start : start + size] for start in range(0, len(images), size))


async def _in_threads(
    pieces: Iterator[Piece], pipeline: Pipeline, request: Request
) -> AsyncIterator[list[dict[str, Any]]]:
    """The pieces' answers in order; one request keeps one thread busy, so that others go on."""
    metrics: Metrics = request.app.state.metrics
    for piece in pieces:
        if "gone" in request.scope:  # who has gone needs no answers
            raise ClientDisconnect
        answers = await pipeline.in_thread(piece)
        metrics.batch(answers)
        yield answers
