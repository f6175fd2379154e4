"""The checkpoint on disk: ``digits.onnx`` and its card ``digits.json``, checked before use."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRAPH = "digits.onnx"
CARD = "digits.json"
REMEDY = "Restore it from the release, or make it anew with `python -m training`."


class CheckpointError(Exception):
    """The checkpoint is missing, damaged or foreign; the message is one line that says which."""


@dataclass(frozen=True)
class Checkpoint:
    """A graph whose bytes are those that the card describes.

    Attributes:
        graph: the ONNX file, bytes.
        card: the model card, as in ``digits.json``.
    """

    graph: bytes
    card: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of the graph's file."""
        value: str = self.card["sha256"][GRAPH]
        return value


def read_checkpoint(directory: Path) -> Checkpoint:
    """Read the graph and its card.

    Raises:
        CheckpointError: a file is missing or unreadable, the card is none, or the graph's hash
            is not the one that the card states.
    """
    graph_path, card_path = directory / GRAPH, directory / CARD
    graph, text = _read(graph_path), _read(card_path)
    try:
        card = json.loads(text)
        expected = card["sha256"][GRAPH]
        _ = card["parameters"], card["normalization"], card["accuracy"], card["layers"]
        _ = card["novelty"]["threshold"], card["calibration"]
    except (ValueError, KeyError, TypeError) as exc:
        raise CheckpointError(f"{card_path} is not a model card of tinydigits. {REMEDY}") from exc
    actual = hashlib.sha256(graph).hexdigest()
    if actual != expected:
        raise CheckpointError(
            f"{graph_path} is damaged or not the file that {CARD} describes: "
            f"its SHA-256 is {actual[:12]}…, not {str(expected)[:12]}…. {REMEDY}"
        )
    return Checkpoint(graph, card)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise CheckpointError(f"{path} is missing. {REMEDY}") from exc
    except OSError as exc:
        raise CheckpointError(f"{path} can't be read: {exc.strerror}.") from exc
