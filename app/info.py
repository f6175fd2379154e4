"""What the service is and how it does: ``/model-info`` and the health endpoints."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fastapi import APIRouter, HTTPException, Request

from app.recognizer import Recognizer
from app.schemas import Health, ModelInfo

router = APIRouter()


@router.get("/model-info", summary="The loaded checkpoint")
async def model_info(request: Request) -> ModelInfo:
    """Parameters, normalization, layers, accuracy and how it was obtained, hash, versions."""
    recognizer: Recognizer = request.app.state.recognizer
    checkpoint = recognizer.checkpoint
    return ModelInfo.model_validate(
        {
            **checkpoint.card,
            "sha256": checkpoint.sha256,
            "versions": {
                "tinydigits": version("tinydigits"),
                "onnxruntime": version("onnxruntime"),
                "python": platform.python_version(),
            },
        }
    )


@router.get("/health/live", summary="Is the process alive?")
async def live() -> Health:
    """Answers as long as the event loop turns."""
    return Health(status="live")


@router.get(
    "/health/ready",
    summary="Should traffic be sent here?",
    responses={503: {"description": "Not yet, or no longer."}},
)
async def ready(request: Request) -> Health:
    """Answers 200 from when the checkpoint is loaded until the service stops."""
    if not request.app.state.ready:
        raise HTTPException(503, "The service is starting or stopping.")
    return Health(status="ready")
