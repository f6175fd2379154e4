"""``python -m app``: check the checkpoint, then serve."""

from __future__ import annotations

import os
import sys

import uvicorn
from pydantic import ValidationError
from pydantic_settings import CliApp

from app import workers
from app.application import create_app
from app.checkpoint import CheckpointError
from app.recognizer import Recognizer
from app.settings import Settings
from app.shortcut import ShortcutProtocol


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    try:
        settings = CliApp.run(Settings, cli_args=arguments)
        recognizer = Recognizer.load(settings.weights)
    except ValidationError as exc:
        for wrong in exc.errors():
            name = "-".join(str(part) for part in wrong["loc"]).replace("_", "-")
            print(f"error: --{name}: {wrong['msg']}, not {wrong['input']!r}", file=sys.stderr)
        return 2
    except CheckpointError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    if settings.workers == 1:
        uvicorn.run(
            create_app(settings, recognizer),
            host=settings.host,
            port=settings.port,
            access_log=False,
            http=ShortcutProtocol,
        )
        return 0
    for name, value in settings.model_dump(mode="json").items():
        os.environ[name.upper()] = str(value)  # each worker builds its own application from them
    workers.serve(
        uvicorn.Config(
            "app.application:create_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            access_log=False,
            http=ShortcutProtocol,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
