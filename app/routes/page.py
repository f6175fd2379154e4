"""``GET /``: the drawing page, made of the files in ``static/``, and the weights that it runs."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from app.routes.page_weights import halve
from app.settings import Settings

router = APIRouter()

DIRECTORY = Path(__file__).parents[1] / "static"
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data: blob:"
WEIGHTS = "digits.safetensors"


class PageFiles(StaticFiles):
    """The page's style and modules, under its policy: a worker's is that of its own script."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """The file, or that it is unchanged; both set the policy that a browser keeps with it."""
        response = super().file_response(*args, **options)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page's document; its style and modules come from ``/static``."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(DIRECTORY / "index.html", headers=headers)


@router.get(f"/weights/{WEIGHTS}", include_in_schema=False)
def weights(request: Request) -> Response:
    """The network's weights, its filters float16, with which the page shows every layer's maps."""
    settings: Settings = request.app.state.settings
    file = settings.weights / WEIGHTS
    if not file.is_file():
        raise HTTPException(404, f"This service has no {WEIGHTS}.")
    content = halve(file.read_bytes())
    tag = f'"{sha256(content).hexdigest()}"'
    # A new checkpoint has the same address: a browser asks whether its copy is still the one.
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/octet-stream", headers=headers)
