"""Large pictures made small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGEST_SIDE = 400
"""Larger pictures are shrunk to this first: the strokes of all but small digits stay far wider than
the network's."""


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """The picture, if need be so small that no side is longer; either keeps a pixel at least."""
    longer = max(picture.size)
    if longer <= side:
        return picture
    width, height = (max(1, round(length * side / longer)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)


def thumbnail(mask: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """Whether there is ink in each square of ``step`` pixels of a mask ``[H, W]``."""
    if step == 1:
        return mask
    return np.asarray(Image.fromarray(mask).convert("L").reduce(step)) > 0
