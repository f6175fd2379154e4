"""The application: settings in, ASGI application out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

from app.pipeline import Pipeline
from app.preprocessing import SIDE
from app.problems import KINDS, install_problem_handlers
from app.recognizer import Recognizer
from app.routes import batch, documentation, inference_protocol, info, page, predict
from app.server.drain import draining_first
from app.server.gate import Gate
from app.server.memory import give_back_large_blocks
from app.server.middleware import GateMiddleware
from app.server.shortcut import Shortcut
from app.settings import Settings
from app.telemetry.access_log import AccessLog
from app.telemetry.board import Board
from app.telemetry.logs import log_form
from app.telemetry.metrics import Metrics

DESCRIPTION = """
Names the digit on a picture, with a network of 18,520 parameters.

Send a PNG, JPEG, WebP, BMP, GIF or TIFF to `POST /predict`, as the part `file` of a form or as the
bare body. A 28×28 grey picture like MNIST's goes through untouched; any other is brought to that
form first. Errors are problem details (RFC 9457).
"""


def create_app(
    settings: Settings | None = None,
    recognizer: Recognizer | None = None,
    board: Board | None = None,
) -> FastAPI:
    """Build the service.

    Args:
        settings: by default those of the environment.
        recognizer: by default loaded from ``settings.weights`` when the application starts, which
            raises :class:`app.checkpoint.CheckpointError` if the checkpoint is missing or wrong.
        board: where workers count together; by default this one counts alone.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="tinydigits",
        version=version("tinydigits"),
        description=DESCRIPTION,
        # FastAPI's own tracing, which does nothing but for OpenTelemetry's environment variables.
        telemetry={
            "tracing": settings.tracing,
            "metrics": False,
            "logs": False,
            "auto_configure": settings.tracing,
        },
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_lifespan, settings=settings, recognizer=recognizer, board=board),
    )
    install_problem_handlers(app)
    routers = [predict.router, batch.router, info.router, page.router]
    routers += [documentation.router, inference_protocol.router]
    if settings.metrics != "off":
        routers.append(info.metrics_router)
    for router in routers:
        app.include_router(router)
    app.state.paths = [route.path for router in routers for route in router.routes]  # type: ignore[attr-defined]
    # Compressed here only: an answer of /predict is too small to gain by it.
    app.mount("/static", GZipMiddleware(page.PageFiles(directory=page.DIRECTORY)), name="static")
    app.add_middleware(GateMiddleware)
    if settings.cors_origins:  # outside of the gate, so that pages can read refusals too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["Server-Timing", "X-Request-ID", "Retry-After"],
        )
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, settings: Settings, recognizer: Recognizer | None, board: Board | None
) -> AsyncIterator[dict[str, Any]]:
    give_back_large_blocks()
    recognizer = recognizer or Recognizer.load(settings.weights)
    recognizer.predict(np.zeros((SIDE, SIDE), dtype=np.uint8))  # the first run allocates
    paths = [*app.state.paths, "/static", "/openapi.json"]
    metrics = Metrics(board or Board(rows=1), paths, KINDS)
    log = AccessLog(log_form(settings)) if settings.access_log else None
    gate = Gate(settings, metrics, log)
    app.state.settings = settings
    app.state.recognizer = recognizer
    app.state.metrics = metrics
    app.state.pipeline = Pipeline(settings, recognizer)
    app.state.gate = gate
    watch = asyncio.create_task(gate.watch())
    with draining_first(gate):
        # A trace follows a request through the framework, so none may leave it out.
        yield {"gate": gate, "shortcut": None if settings.tracing else Shortcut(app.state.pipeline)}
    watch.cancel()
    gate.draining = True
    gate.settle()
    if log is not None:
        log.close()
