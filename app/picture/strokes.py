"""Strokes brought to a width that the network knows."""

from __future__ import annotations

import numpy as np

from app.picture.morphology import Plane, dilate, erode, surrounded

THINNEST, THICKEST = 0.08, 0.19
"""Stroke width over the longer side of the digit: the band in which 90 % of MNIST lies."""
THICKENED, THINNED = 0.10, 0.16
"""Where strokes outside the band are brought to."""


def stroke_width(amount: Plane) -> float:
    """Mean width of the strokes in pixels: twice the area over the perimeter.

    The perimeter of soft ink is its total variation.
    """
    padded = surrounded(amount, 1)
    here = padded[1:, 1:]
    perimeter = float(np.sqrt((here - padded[1:, :-1]) ** 2 + (here - padded[:-1, 1:]) ** 2).sum())
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
