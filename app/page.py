"""``GET /``: the drawing page, made of the files in ``static/``."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter()

DIRECTORY = Path(__file__).parent / "static"
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data: blob:"


@router.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """The page's document; its style and modules come from ``/static``."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(DIRECTORY / "index.html", headers=headers)
