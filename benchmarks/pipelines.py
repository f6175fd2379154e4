"""What is done with a picture before the network sees it: by the service, and by most others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from app.decoding import decode_image
from app.preprocessing import prepare
from app.problems import Problem
from app.recognizer import Recognizer

MAX_PIXELS = 50_000_000
Pixels = NDArray[np.uint8]


def ours(data: bytes) -> Pixels:
    """The service's own preprocessing."""
    return prepare(decode_image(data, MAX_PIXELS)).image


def resized(data: bytes) -> Pixels:
    """What most services do: grey, 28×28."""
    return np.asarray(decode_image(data, MAX_PIXELS).convert("L").resize((28, 28)))


def inverted(data: bytes) -> Pixels:
    """The same, inverted when the picture is bright."""
    pixels = resized(data)
    return np.asarray(ImageOps.invert(Image.fromarray(pixels))) if pixels.mean() > 127 else pixels


PIPELINES: dict[str, Callable[[bytes], Pixels]] = {
    "resize": resized,
    "+ invert": inverted,
    "ours": ours,
}


def answers(recognizer: Recognizer, data: bytes) -> Iterator[tuple[str, Pixels, int | str]]:
    """For each pipeline its name, the 28×28 that it makes of a picture, and the digit named.

    A picture that is refused gives black and the slug of its problem.
    """
    for name, pipeline in PIPELINES.items():
        try:
            image = pipeline(data)
        except Problem as problem:
            yield name, np.zeros((28, 28), np.uint8), problem.slug
        else:
            yield name, image, recognizer.predict(image).digit
