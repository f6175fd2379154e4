"""``GET /``: the drawing page, made of the files in ``static/``, and the weights that it runs."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from app.settings import Settings

router = APIRouter()

DIRECTORY = Path(__file__).parent / "static"
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data: blob:"
WEIGHTS = "digits.safetensors"


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page's document; its style and modules come from ``/static``."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(DIRECTORY / "index.html", headers=headers)


@router.get(f"/weights/{WEIGHTS}", include_in_schema=False)
async def weights(request: Request) -> Response:
    """The network's weights, float32, with which the page shows every layer's maps."""
    settings: Settings = request.app.state.settings
    files = StaticFiles(directory=settings.weights, check_dir=False)
    response = await files.get_response(WEIGHTS, request.scope)
    # A new checkpoint has the same address: a browser asks whether its copy is still the one.
    response.headers["Cache-Control"] = "no-cache"
    return response
