"""The network, run by ONNX Runtime."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.checkpoint import GRAPH, REMEDY, Checkpoint, CheckpointError, read_checkpoint

ENGINE_BATCH = 7
"""Images that the network sees at a time: more are not faster, but take memory that stays taken.
The engine's arena grows by powers of two, and eight need the next."""

INPUTS = {"images": ("tensor(uint8)", [28, 28])}
OUTPUTS = {
    "log_probabilities": ("tensor(float)", [10]),
    "class_maps": ("tensor(float)", [10, 7, 7]),
    "novelty": ("tensor(float)", []),
}
"""Name, element type and shape after the free batch dimension: the checkpoint's contract."""


@dataclass(frozen=True)
class Prediction:
    """What the network says of one image.

    Attributes:
        log_probabilities: float32 ``[10]``, natural logarithms, index = digit.
        class_maps: float32 ``[10, 7, 7]``, the evidence for each digit at each place; their means
            are the logits, so they are the exact class activation maps.
        novelty: how far the image is from the nearest digit; about 1 for a digit.
        is_digit: whether that is as near as 99 % of digits are.
    """

    log_probabilities: NDArray[np.float32]
    class_maps: NDArray[np.float32]
    novelty: float
    is_digit: bool

    @property
    def digit(self) -> int:
        """The most probable digit."""
        return int(self.log_probabilities.argmax())

    @property
    def confidence(self) -> float:
        """Probability of the most probable digit, 0..1."""
        return math.exp(self.log_probabilities.max())


class Recognizer:
    """Names digits.

    Attributes:
        checkpoint: what it was loaded from.
        greatest_novelty: of an image that counts as a digit.

    One thread per session: an image takes about 0.1 ms, so more threads cost more than they give.

    Raises:
        CheckpointError: the graph is not one of ours.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors: warnings about the machine are not the user's
        try:
            self._session = onnxruntime.InferenceSession(
                checkpoint.graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # ONNX Runtime's errors share no base class
            raise CheckpointError(f"{GRAPH} can't be loaded: {_one_line(exc)}. {REMEDY}") from exc
        _check_signature(self._session, checkpoint)
        self.greatest_novelty: float = checkpoint.card["novelty"]["threshold"]
        self.checkpoint = checkpoint

    @classmethod
    def load(cls, directory: Path) -> Recognizer:
        """The recognizer of a checkpoint's directory; raises :class:`CheckpointError`."""
        return cls(read_checkpoint(directory))

    def classify(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Log-probabilities float32 ``[N, 10]``, and whether each is a digit, bool ``[N]``.

        Args:
            images: uint8 ``[N, 28, 28]``, ink bright on dark.
        """
        log_probabilities, novelty = self.run(["log_probabilities", "novelty"], images)
        return log_probabilities, novelty <= self.greatest_novelty

    def run(self, outputs: Sequence[str], images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Some of the :data:`OUTPUTS` for images uint8 ``[N, 28, 28]``, ink bright on dark."""
        return list(self._session.run(list(outputs), {"images": images}))

    def classify_many(
        self, images: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """As :meth:`classify`, of any number of images, ``ENGINE_BATCH`` at a time."""
        log_probabilities = np.empty((len(images), 10), np.float32)
        is_digit = np.empty(len(images), np.bool_)
        for start in range(0, len(images), ENGINE_BATCH):
            part = slice(start, start + ENGINE_BATCH)
            log_probabilities[part], is_digit[part] = self.classify(images[part])
        return log_probabilities, is_digit

    def log_probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Log-probabilities float32 ``[N, 10]`` of images uint8 ``[N, 28, 28]``, ink bright."""
        return self.classify(images)[0]

    def predict(self, image: NDArray[np.uint8]) -> Prediction:
        """What the network says of one image, uint8 ``[28, 28]``, ink bright on dark."""
        return self._predict(image[np.newaxis])[0]

    def predict_each(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """As :meth:`predict`, of several images; of each what it says alone, up to rounding."""
        return self._predict(np.stack(images))

    def _predict(self, images: NDArray[np.uint8]) -> list[Prediction]:
        outputs = self._session.run(list(OUTPUTS), {"images": images})
        return [
            Prediction(log_probabilities, class_maps, novelty, novelty <= self.greatest_novelty)
            for log_probabilities, class_maps, novelty in zip(
                outputs[0], outputs[1], outputs[2].tolist(), strict=True
            )
        ]


def _check_signature(session: Any, checkpoint: Checkpoint) -> None:
    """Raise :class:`CheckpointError` unless the graph is of this project and goes with its card."""
    for kind, expected, nodes in (
        ("input", INPUTS, session.get_inputs()),
        ("output", OUTPUTS, session.get_outputs()),
    ):
        found = {node.name: (node.type, node.shape[1:]) for node in nodes}
        if found != expected:
            raise CheckpointError(
                f"{GRAPH} is not a digit network: its {kind}s are {found}, not {expected}."
            )
    metadata = session.get_modelmeta().custom_metadata_map
    for key in ("parameters", "normalization", "novelty"):
        if json.loads(metadata.get(key, "null")) != checkpoint.card[key]:
            raise CheckpointError(f"{GRAPH} and its card disagree about {key}. {REMEDY}")


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200]
