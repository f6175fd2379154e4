"""Hollow digits: what is between the outlines of a stroke is the stroke."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.picture.components import Component, bounding_box, label_components
from app.picture.ink import Ink
from app.picture.morphology import erode, square_max
from app.picture.shrinking import thumbnail

SMALLEST = 40
"""Longer side of the ink, in pixels, from which on an outline may be told from a pen's stroke."""
LINE = 0.09
"""Mean run of ink in a row, as a share of the longer side of all ink, up to which it may be an
outline."""
THUMBNAIL = 100
"""Longer side of the ink, in pixels, that is enough to tell an outline, or up to twice as much."""
WHOLE = 0.6
"""Share of the outline's width and of its height that the stroke has at least."""
LEAST_STROKE = 0.7
"""Area of the stroke over that of the outline, at least; narrow loops of a pen have less."""
NARROW = 0.28
"""Width of the stroke over its longer side, at most; the hole of a 0 is wider, and so is the room
between a frame and the digit in it."""
WIDEST = 1.5
"""Width of the outline over its height, at most; a row of boxes is wider."""
LONG = 4.0
"""Area of the stroke, in squares as wide as it is, at least."""


def fill_outline(ink: Ink) -> Ink:
    """The ink, and if it is a hollow digit, what is between its outlines too."""
    left, top, right, bottom = bounding_box(ink.mask)
    side = max(right - left, bottom - top)
    if side < SMALLEST:
        return ink
    runs = np.count_nonzero(ink.mask[:, 1:] > ink.mask[:, :-1])
    if np.count_nonzero(ink.mask) > LINE * side * runs:
        return ink
    step = max(side // THUMBNAIL, 1)
    stroke = _stroke(thumbnail(ink.mask, step))
    if stroke is None:
        return ink
    height, width = ink.mask.shape
    filled = stroke.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
    return replace(
        ink,
        amount=np.where(filled, np.float32(1), ink.amount),
        mask=ink.mask | filled,
        faint=ink.faint | filled,
    )


def _stroke(lines: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """What is within the largest outline of a mask ``[H, W]`` and a pixel around it, if a stroke.

    A stroke is narrow and long, however it is bent.
    """
    outline = max(label_components(lines)[1], key=lambda part: part.area)
    tight = np.pad(lines[outline.where], ((1, 1), (1, 2)))
    tight[:, 1:] |= tight[:, :-1]  # there is no way through a diagonal line
    labels, gaps = label_components(~tight)
    holes = [gap for gap in gaps if gap.left > 0]
    if not holes:
        return None
    hole = max(holes, key=lambda hole: hole.longer_side)
    if not _may_fill(hole, outline):
        return None
    inside = labels == hole.label
    widest = min(NARROW * hole.longer_side, (hole.area / LONG) ** 0.5)
    if erode(inside.astype(np.float32), int((widest + 1) / 2)).any():
        return None
    stroke = np.zeros_like(lines)
    stroke[outline.where] = square_max(inside, 1)[:, :-1]
    return stroke


def _may_fill(hole: Component, outline: Component) -> bool:
    """Whether a hole is as large as the stroke between the outlines would be."""
    if outline.width > WIDEST * outline.height:
        return False
    across = hole.width >= WHOLE * outline.width
    along = hole.height >= WHOLE * outline.height
    return across and along and hole.area >= LEAST_STROKE * outline.area
