"""A box of lines around a digit that touches or crosses them, as on forms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.morphology import dilate
from app.picture.upright import bands, runs, thick, turn, turned

HINT = 0.7
"""Share of a band's length along which there is ink, at least, if there is a line in it."""
FULL = 0.75
"""Ink along a line, as a share of that along the fullest, at least."""
COVERED = 0.85
"""Share of the box's side along which its line is ink, at least."""
WIDEST = 0.12
"""Width of a line with its soft edges, as a share of the box's side, at most."""
LARGE = 0.5
"""Side of the box, as a share of its bounding box with the digit, at least."""
LEAST = 0.3
"""Height of what is in the box, as a share of its height, at least; the middle bar of an 8 on a
display has less."""

Line = tuple[int, int]
"""First and last row or column, exclusive, with a pixel on either side, where edges are soft."""


def find_box(ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The lines of a box that hangs together with the digit in it.

    Args:
        ink: bool ``[H, W]``, a component in its bounding box.

    Returns:
        bool ``[H, W]``, without what crosses the lines; None if there is no such box.
    """
    if not (_may_have_lines(ink) and _may_have_lines(ink.T)):
        return None
    lines = _lines(ink)
    return None if lines is None or not (ink & ~lines).any() else lines


def _may_have_lines(ink: NDArray[np.bool_]) -> bool:
    """Whether two bands of rows that are far apart have ink in most columns."""
    share = bands(ink)
    full = np.flatnonzero(share >= max(HINT, FULL * share.max()))
    return len(full) > 1 and bool(full[-1] - full[0] >= LARGE * len(share))


def _lines(ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The lines of a box in ink ``[H, W]`` that hangs together, if something is in the box."""
    angle, margin = turn(ink), max(ink.shape) // 5
    upright = turned(ink, angle, margin)
    box = _box(upright, ink.shape)
    if box is None:
        return None
    (top, above), (below, bottom), (left, before), (behind, right) = box
    within, whole = np.s_[above:below, before:behind], np.s_[top:bottom, left:right]
    rows = np.flatnonzero(upright[within].any(axis=1))
    if len(rows) == 0 or rows[-1] - rows[0] < LEAST * (below - above):
        return None
    inside, outside = np.zeros_like(upright), upright.copy()
    inside[within], outside[whole] = upright[within], False
    reach = max(end - begin for begin, end in box)
    lines = np.zeros_like(upright)
    lines[whole], lines[within] = True, False
    lines &= ~(dilate(inside, reach) & dilate(outside, reach))  # what crosses them stays
    return turned(lines, -angle, -margin)


def _box(ink: NDArray[np.bool_], size: tuple[int, ...]) -> tuple[Line, Line, Line, Line] | None:
    """The upper, lower, left and right line of an upright box, not much smaller than the size."""
    rows, columns = thick(ink), thick(ink.T)
    all_rows, all_columns = _full(rows), _full(columns)
    ends = _outermost(rows, all_rows, np.s_[all_columns[0][0] : all_columns[-1][1]], size[0])
    sides = _outermost(columns, all_columns, np.s_[all_rows[0][0] : all_rows[-1][1]], size[1])
    return (*ends, *sides) if ends and sides else None


def _full(ink: NDArray[np.bool_]) -> list[Line]:
    """The rows that are as full as lines."""
    counts = np.count_nonzero(ink, axis=1)
    return runs(counts >= FULL * counts.max())


def _outermost(
    ink: NDArray[np.bool_], rows: list[Line], columns: slice, size: int
) -> tuple[Line, Line] | None:
    """The first and the last line from end to end of the columns, if thin and far apart."""
    covered = [row for row in rows if ink[slice(*row), columns].mean(axis=1).max() >= COVERED]
    if not covered:
        return None
    first, last = covered[0], covered[-1]
    thin = max(end - begin for begin, end in (first, last)) <= WIDEST * (last[1] - first[0])
    return (first, last) if thin and last[0] - first[1] >= LARGE * size else None
