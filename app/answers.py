"""Prediction to JSON: what :class:`app.routes.schemas.PredictionOut` documents."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image

from app.preprocessing import Prepared
from app.recognizer import Prediction


def answers(
    log_probabilities: NDArray[np.float32], is_digit: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """The answers for images handed to the network as they are.

    Args:
        log_probabilities: float32 ``[N, 10]``.
        is_digit: bool ``[N]``.
    """
    digits = log_probabilities.argmax(1).tolist()
    confidences = np.exp(log_probabilities.max(1))
    return [
        {"digit": digit, "confidence": confidence, "log_probabilities": row, "is_digit": known}
        for digit, confidence, row, known in zip(
            digits, confidences, log_probabilities, is_digit.tolist(), strict=True
        )
    ]


def answer(
    prepared: Prepared, prediction: Prediction, include: Collection[str] = ()
) -> dict[str, Any]:
    """The answer for one picture, ready for :func:`encode`."""
    content: dict[str, Any] = {
        "digit": prediction.digit,
        "confidence": prediction.confidence,
        "log_probabilities": prediction.log_probabilities,
        "is_digit": prediction.is_digit,
        "several_digits": prepared.several_digits,
        "preprocessing": {
            "applied": prepared.applied,
            "polarity": prepared.polarity,
            "bounding_box": prepared.bounding_box,
            "frame": prepared.frame,
        },
    }
    if "image" in include:
        content["image"] = _data_uri(prepared.image)
    if "class_maps" in include:
        content["class_maps"] = prediction.class_maps
    return content


def encode(content: Any) -> bytes:
    """JSON; numpy's arrays as they are, a float32 by the shortest number that reads back as it."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def _data_uri(image: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
