"""``POST /predict``: bytes → picture → 28×28 → log-probabilities → response."""

from __future__ import annotations

import base64
import io
import time
from typing import Annotated, Any, Literal

import anyio
import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from PIL import Image

from app.decoding import FORMATS, load_image, open_image
from app.preprocessing import prepare, take_as_it_is
from app.recognizer import Recognizer
from app.schemas import PredictionOut, Preprocessing, ProblemDetails
from app.settings import Settings
from app.uploads import read_file

router = APIRouter()

INLINE_BYTES, INLINE_PIXELS = 16 * 1024, 512 * 512
"""Smaller pictures are decoded on the event loop: that is cheaper than a hop to a thread."""

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        **{f"image/{name.lower()}": _BINARY for name in FORMATS},
    },
}
_PROBLEM = {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": _PROBLEM}
    for status, description in {
        400: "No file, an empty one, more than one, or one that breaks off.",
        413: "Too many bytes, or too many pixels.",
        415: "Not an image, or not one of the accepted formats.",
        422: "Nothing is drawn on the picture, or a parameter is not valid.",
    }.items()
}


@router.post(
    "/predict",
    summary="Name the digit on a picture",
    response_model_exclude_none=True,
    responses=_PROBLEMS,
    openapi_extra={"requestBody": _REQUEST_BODY},
)
async def predict(
    request: Request,
    response: Response,
    include: Annotated[
        list[Literal["image", "class_maps"]], Query(description="What to add to the answer.")
    ] = [],  # noqa: B006 - FastAPI copies it
    preprocess: Annotated[
        Literal["auto", "none"],
        Query(description="`none` demands a 28×28 grey picture and hands it to the network as is."),
    ] = "auto",
) -> PredictionOut:
    """Send the picture as the part `file` of a form, or as the bare body."""
    state = request.app.state
    settings: Settings = state.settings
    recognizer: Recognizer = state.recognizer
    data = await read_file(request, settings.max_upload_bytes)
    start = time.perf_counter()
    picture = open_image(data, settings.max_pixels)
    prepare_picture = take_as_it_is if preprocess == "none" else prepare
    if len(data) <= INLINE_BYTES and picture.width * picture.height <= INLINE_PIXELS:
        prepared = prepare_picture(load_image(picture))
    else:
        prepared = await anyio.to_thread.run_sync(
            lambda: prepare_picture(load_image(picture)), limiter=state.large_pictures
        )
    preprocessed = time.perf_counter()
    prediction = recognizer.predict(prepared.image)
    inferred = time.perf_counter()
    response.headers["Server-Timing"] = (
        f"preprocess;dur={(preprocessed - start) * 1000:.3f}, "
        f"infer;dur={(inferred - preprocessed) * 1000:.3f}"
    )
    return PredictionOut(
        digit=prediction.digit,
        confidence=prediction.confidence,
        log_probabilities=prediction.log_probabilities.tolist(),
        is_digit=prediction.is_digit,
        several_digits=prepared.several_digits,
        preprocessing=Preprocessing(
            applied=prepared.applied,
            polarity=prepared.polarity,
            bounding_box=prepared.bounding_box,
            frame=prepared.frame,
        ),
        image=_data_uri(prepared.image) if "image" in include else None,
        class_maps=prediction.class_maps.tolist() if "class_maps" in include else None,
    )


def _data_uri(image: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
