"""Strokes brought to a width that the network knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THINNEST, THICKEST = 0.08, 0.19
"""Stroke width over the longer side of the digit: the band in which 90 % of MNIST lies."""
THICKENED, THINNED = 0.10, 0.16
"""Where strokes outside the band are brought to."""

Plane = NDArray[np.float32]


def stroke_width(amount: Plane) -> float:
    """Mean width of the strokes in pixels: twice the area over the perimeter.

    The perimeter of soft ink is its total variation.
    """
    padded = np.pad(amount, 1)
    dx, dy = np.diff(padded, axis=1)[1:, :], np.diff(padded, axis=0)[:, 1:]
    perimeter = float(np.hypot(dx, dy).sum())
    return 2 * float(amount.sum()) / perimeter if perimeter else 0.0


def normalize_stroke_width(amount: Plane, side: int) -> Plane:
    """Thicken or thin the strokes of a digit if they are outside MNIST's band.

    Args:
        amount: ink, float32 ``[H, W]`` in 0..1.
        side: longer side of the digit in pixels.
    """
    width = stroke_width(amount)
    if width < THINNEST * side:
        return dilate(amount, round((THICKENED * side - width) / 2))
    if width > THICKEST * side:
        return erode(amount, round((width - THINNED * side) / 2))
    return amount


def dilate(amount: Plane, radius: int) -> Plane:
    """Greatest value within an octagon of the radius, float32 ``[H, W]``."""
    diagonal = round(radius * 0.41)  # of an octagon: a square's, then a plus' part
    for axis in (0, 1):
        amount = _running_max(amount, radius - diagonal, axis)
    for _ in range(diagonal):
        padded = np.pad(amount, 1)
        amount = np.maximum.reduce(
            [
                padded[1:-1, 1:-1],
                padded[:-2, 1:-1],
                padded[2:, 1:-1],
                padded[1:-1, :-2],
                padded[1:-1, 2:],
            ]
        )
    return amount


def erode(amount: Plane, radius: int) -> Plane:
    """Least value within the octagon; what is outside the picture counts as paper."""
    inverse: Plane = np.float32(1) - np.pad(amount, radius)
    eroded: Plane = np.float32(1) - dilate(inverse, radius)
    return eroded[radius:-radius, radius:-radius] if radius else eroded


def _running_max(values: Plane, radius: int, axis: int) -> Plane:
    """Greatest value within ``radius`` either way, by doubling steps."""
    if radius <= 0:
        return values
    window, reach = 2 * radius + 1, 1
    result = np.pad(values, [(radius, radius) if axis == i else (0, 0) for i in (0, 1)])
    result = np.moveaxis(result, axis, 0)
    while reach < window:
        step = min(reach, window - reach)
        result = np.maximum(result[:-step], result[step:])
        reach += step
    return np.ascontiguousarray(np.moveaxis(result, 0, axis))
