"""A frame around a picture, or bars at some of its sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import bounding_box
from app.picture.morphology import Tones
from app.picture.polarity import border

SOFT = 1
"""Outermost pixels of what is framed that may have taken on some of the frame's tone."""
EVEN = 15
"""How far from a tone (of 255) what has that tone may be: noise, and the traces of JPEG."""
APART = 36
"""Difference of the tones of a frame and of the ground within, at least; more than an even slope of
light can have from one to the other."""
PURE = 0.99
"""Share of a row or a column of a frame that has the frame's tone, at least."""
MOSTLY = 0.95
"""Share of the border of what is framed that has the ground's tone, at least: strokes may reach it.
"""
LEAST_SIDE = 20
"""Height and width of what is framed, in pixels, at least; bold digits may fill their box."""
LEAST_INK = 0.005
"""Share of what is framed that has neither tone, at least."""
MOST_INK = 0.3
"""Share of what is framed that ink of the frame's tone covers at most; the hole of a 0 covers more.
"""
LEAST_SPAN = 0.45
"""Longer side of ink that has the frame's tone, as a share of that of what is framed, at least; the
dot in a 0 is smaller."""


def without_frame(grey: Tones) -> Tones:
    """A picture uint8 ``[H, W]`` in which its frames have the tone of what they frame.

    A frame is of one tone, and so is the border of what it frames; something is written there, in a
    third or apart from the frame: ink around an empty hole is a 0 of straight lines.
    """
    while (plain := _without_outermost(grey)) is not None:
        grey = plain
    return grey


def _without_outermost(grey: Tones) -> Tones | None:
    tones = [_tone(line) for line in (grey[0], grey[-1], grey[:, 0], grey[:, -1])]
    for frame in dict.fromkeys(tones):
        if frame is not None and (plain := _without(grey, frame)) is not None:
            return plain
    return None


def _without(grey: Tones, frame: int) -> Tones | None:
    """The picture without a frame of one tone; None if there is none."""
    of_frame = _is_near(grey, frame)
    rows = _within(of_frame)
    columns = _within(of_frame[rows].T)
    if rows.stop - rows.start < LEAST_SIDE or columns.stop - columns.start < LEAST_SIDE:
        return None
    inner = (
        slice(rows.start + SOFT, rows.stop - SOFT),
        slice(columns.start + SOFT, columns.stop - SOFT),
    )
    ground = _tone(border(grey[inner]))
    if ground is None or abs(ground - frame) < APART:
        return None
    like_frame = of_frame[inner]
    ink = np.count_nonzero(~like_frame & ~_is_near(grey[inner], ground))
    third = ink >= LEAST_INK * like_frame.size and ink >= np.count_nonzero(like_frame)
    if not third and not _is_island(like_frame):
        return None
    plain = np.full_like(grey, ground)
    plain[inner] = grey[inner]
    return plain


def _is_island(mask: NDArray[np.bool_]) -> bool:
    """Whether what is set in a mask reaches no side of it, and may be a digit."""
    if not 0 < mask.mean() <= MOST_INK:
        return False
    height, width = mask.shape
    left, top, right, bottom = bounding_box(mask)
    apart = left > 0 and top > 0 and right < width and bottom < height
    return apart and max(right - left, bottom - top) >= LEAST_SPAN * max(height, width)


def _tone(line: Tones) -> int | None:
    """The tone that most of a line has, if any."""
    tone = int(np.partition(line, len(line) // 2)[len(line) // 2])
    return tone if np.count_nonzero(_is_near(line, tone)) >= MOSTLY * len(line) else None


def _is_near(tones: Tones, tone: int) -> NDArray[np.bool_]:
    least, most = max(tone - EVEN, 0), min(tone + EVEN, 255)
    near: NDArray[np.bool_] = tones - np.uint8(least) <= np.uint8(most - least)  # wraps around
    return near


def _within(of_frame: NDArray[np.bool_]) -> slice:
    """Which rows are within those that belong to the frame, from the first and to the last on."""
    others = np.flatnonzero(np.count_nonzero(of_frame, axis=1) < PURE * of_frame.shape[1])
    return slice(int(others[0]), int(others[-1]) + 1) if len(others) else slice(0, 0)
