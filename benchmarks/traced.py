"""Digits of dots or dashes, as sheets have them on which children trace them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from photography import FINE, Plane, crisp
from PIL import Image, ImageDraw
from skimage.morphology import skeletonize

NEXT = 3
"""Pixels that the next place of a stroke is away at most; what is further is another stroke."""


def traced(digit: NDArray[np.uint8], side: int, width: float, dash: float, period: float) -> Plane:
    """The middle of a digit's strokes in pieces with round ends, 0..1 ``[side, side]``.

    Args:
        digit: uint8 ``[28, 28]``.
        width: of the pieces, in pixels; so are the next two.
        dash: way from the first end of a piece to the last, 0 for dots.
        period: from one piece to the next.
    """
    scale = side / (28 * FINE)
    radius = width / scale / 2
    pieces = Image.new("L", (28 * FINE, 28 * FINE))
    draw = ImageDraw.Draw(pieces)
    way = 0.0
    for x, y, step in _walk(skeletonize(np.asarray(crisp(digit)) > 0)):
        before, way = way, way + scale * step if step <= NEXT else 0.0
        begins = way == 0 or way // period > before // period
        if begins or way % period < dash:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    plane: Plane = np.asarray(pieces.resize((side, side), Image.Resampling.BOX)) / 255
    return plane


def _walk(skeleton: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """The places of a skeleton along its strokes: x, y, and the step from the last one."""
    left = np.argwhere(skeleton).astype(np.float64)
    near = np.hypot(*(left[:, None] - left).transpose(2, 0, 1)) <= NEXT
    at = left[near.sum(axis=1).argmin()]  # an end, if there is one
    way = []
    while len(left):
        steps = np.hypot(*(left - at).T)
        nearest = int(steps.argmin())
        at = left[nearest]
        way.append((float(at[1]), float(at[0]), float(steps[nearest])))
        left = np.delete(left, nearest, axis=0)
    return way
