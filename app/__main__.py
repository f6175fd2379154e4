"""``python -m app``: check the checkpoint, then serve."""

from __future__ import annotations

import sys

from pydantic import ValidationError
from pydantic_settings import CliApp, SettingsError

from app.checkpoint import CheckpointError
from app.recognizer import Recognizer
from app.server.workers import StartError, serve
from app.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    try:
        settings = CliApp.run(Settings, cli_args=arguments)
        serve(settings, Recognizer.load(settings.weights))
    except ValidationError as exc:
        for wrong in exc.errors():
            name = "-".join(str(part) for part in wrong["loc"]).replace("_", "-")
            print(f"error: --{name}: {wrong['msg']}, not {wrong['input']!r}", file=sys.stderr)
        return 2
    except (CheckpointError, StartError, SettingsError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
