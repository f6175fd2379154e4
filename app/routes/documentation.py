"""``GET /docs``: every route, described and tried out with Swagger UI, which the service brings."""

from __future__ import annotations

import gzip
import mimetypes
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)

DIRECTORY = Path(__file__).parents[1] / "docs"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Swagger UI writes styles into its elements; scripts come from files only."""
COMPRESSED = ("swagger-ui-bundle.js", "swagger-ui.css")
PLAIN = ("init.js", "favicon-32x32.png")


@router.get("/docs")
async def docs() -> FileResponse:
    """The page's document."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(DIRECTORY / "index.html", headers=headers)


@router.get("/docs/{name}")
async def part(name: str, request: Request) -> Response:
    """A part of the page; the large ones lie here compressed."""
    headers = {"Cache-Control": "max-age=3600"}
    if name in PLAIN:
        return FileResponse(DIRECTORY / name, headers=headers)
    if name not in COMPRESSED:
        raise HTTPException(404)
    path = DIRECTORY / f"{name}.gz"
    media_type = mimetypes.guess_type(name)[0]
    headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return FileResponse(path, headers=headers, media_type=media_type)
    return Response(gzip.decompress(path.read_bytes()), headers=headers, media_type=media_type)
