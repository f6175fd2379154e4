"""The log of what happens beside requests: one line a record, as JSON or as text."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from app.settings import Settings


def log_form(settings: Settings) -> Literal["json", "text"]:
    """The form of the log: where ``auto``, text for a terminal and JSON for all else."""
    if settings.log_format == "auto":
        return "text" if sys.stdout.isatty() else "json"
    return settings.log_format


class JSONFormatter(logging.Formatter):
    """A record as one line of JSON, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry, option=orjson.OPT_UTC_Z).decode()


def log_config(settings: Settings) -> dict[str, Any]:
    """The configuration of :mod:`logging`, in the form that uvicorn takes."""
    text = {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"}
    formatter = {"()": "app.telemetry.logs.JSONFormatter"} if log_form(settings) == "json" else text
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"default": formatter},
        "handlers": {
            "default": {
                "class": "logging.StreamHandler",
                "formatter": "default",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {"uvicorn": {"handlers": ["default"], "level": "INFO", "propagate": False}},
    }
