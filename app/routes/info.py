"""What the service is and how it does: ``/model-info`` and the health endpoints."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fastapi import APIRouter, HTTPException, Request, Response

from app.recognizer import Recognizer
from app.routes.schemas import Health, ModelInfo
from app.server.gate import METRICS, Gate
from app.telemetry.metrics import CONTENT_TYPE, Metrics

router = APIRouter()
metrics_router = APIRouter()


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
    responses={503: {"description": "No longer."}},
)
async def ready(request: Request) -> Health:
    """Answers 200 from when the checkpoint is loaded until the service is told to stop."""
    gate: Gate = request.app.state.gate
    if gate.draining:
        raise HTTPException(503, "The service is stopping.")
    return Health(status="ready")


@metrics_router.get(
    METRICS,
    summary="What the service counts, for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Of all workers of this service, whichever of them answers."""
    gate: Gate = request.app.state.gate
    gate.settle()
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.exposition(), media_type=CONTENT_TYPE)
