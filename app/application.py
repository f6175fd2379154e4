"""The application: settings in, ASGI application out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from app import batch, info, page, predict
from app.memory import give_back_large_blocks
from app.pipeline import Pipeline
from app.preprocessing import SIDE
from app.problems import install_problem_handlers
from app.recognizer import Recognizer
from app.settings import Settings
from app.shortcut import Shortcut

DESCRIPTION = """
Names the digit on a picture, with a network of 18,520 parameters.

Send a PNG, JPEG, WebP, BMP, GIF or TIFF to `POST /predict`, as the part `file` of a form or as the
bare body. A 28×28 grey picture like MNIST's goes through untouched; any other is brought to that
form first. Errors are problem details (RFC 9457).
"""


def create_app(settings: Settings | None = None, recognizer: Recognizer | None = None) -> FastAPI:
    """Build the service.

    Args:
        settings: by default those of the environment.
        recognizer: by default loaded from ``settings.weights`` when the application starts, which
            raises :class:`app.checkpoint.CheckpointError` if the checkpoint is missing or wrong.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="tinydigits",
        version=version("tinydigits"),
        description=DESCRIPTION,
        lifespan=partial(_lifespan, settings=settings, recognizer=recognizer),
    )
    install_problem_handlers(app)
    app.include_router(predict.router)
    app.include_router(batch.router)
    app.include_router(info.router)
    app.include_router(page.router)
    # Compressed here only: an answer of /predict is too small to gain by it.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=page.DIRECTORY)), name="static")
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, settings: Settings, recognizer: Recognizer | None
) -> AsyncIterator[dict[str, Any]]:
    give_back_large_blocks()
    recognizer = recognizer or Recognizer.load(settings.weights)
    recognizer.predict(np.zeros((SIDE, SIDE), dtype=np.uint8))  # the first run allocates
    app.state.settings = settings
    app.state.recognizer = recognizer
    app.state.pipeline = Pipeline(settings, recognizer)
    app.state.ready = True
    yield {"shortcut": Shortcut(app.state.pipeline)}
    app.state.ready = False
