"""``POST /predict``: bytes → picture → 28×28 → log-probabilities → response."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from app.answers import answer, encode
from app.decoding import FORMATS
from app.pipeline import Pipeline, Preprocess
from app.routes.schemas import PredictionOut, ProblemDetails
from app.telemetry.exchange import Predicted
from app.uploads import read_file

router = APIRouter()

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


def problem_responses(descriptions: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """Documentation of the statuses that carry a problem."""
    content = {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}}
    return {
        status: {"description": description, "content": content}
        for status, description in descriptions.items()
    }


AT_THE_GATE = {
    401: "A key is needed, and none was sent.",
    408: "The request did not arrive in time.",
    503: "As many requests are worked on as can be; `Retry-After` says when to ask again.",
}
"""What any route may answer before it is asked."""

_PROBLEMS = problem_responses(
    {
        400: "No file, an empty one, more than one, or one that breaks off.",
        **AT_THE_GATE,
        413: "Too many bytes, or too many pixels.",
        415: "Not an image, or not one of the accepted formats.",
        422: "Nothing is drawn on the picture, or a parameter is not valid.",
    }
)


@router.post(
    "/predict",
    summary="Name the digit on a picture",
    response_model=PredictionOut,
    responses=_PROBLEMS,
    openapi_extra={"requestBody": _REQUEST_BODY},
)
async def predict(
    request: Request,
    include: Annotated[
        list[Literal["image", "class_maps"]], Query(description="What to add to the answer.")
    ] = [],  # noqa: B006 - FastAPI copies it
    preprocess: Annotated[
        Preprocess,
        Query(description="`none` demands a 28×28 grey picture and hands it to the network as is."),
    ] = "auto",
) -> Response:
    """Send the picture as the part `file` of a form, or as the bare body."""
    pipeline: Pipeline = request.app.state.pipeline
    data = await read_file(request, pipeline.settings.max_upload_bytes, pipeline.begin_in_thread)
    outcome = await pipeline.name_digit(data, preprocess)
    content = answer(outcome.prepared, outcome.prediction, include)
    named = content["digit"], content["confidence"], content["is_digit"]
    predicted = Predicted(*named, outcome.preprocessing_seconds, outcome.inference_seconds)
    request.scope["exchange"].predicted = predicted
    return Response(
        encode(content),
        headers={"Server-Timing": predicted.server_timing},
        media_type="application/json",
    )
