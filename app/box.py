"""A box of lines around a digit that touches or crosses them, as on forms."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.components import Component
from app.morphology import dilate

SMALLEST = 40
"""Shorter side of such a box, in pixels, at least."""
FILL = 0.5
"""Share of its bounding box that it covers, with the digit, at most."""
EACH = 4
"""Of so many columns one is enough to tell that rows are hardly lines."""
BANDS = 16
"""Bands in each direction in which lines are looked for first, a little turned or not."""
HINT = 0.7
"""Share of a band's length along which there is ink, at least, if there is a line in it."""
TURNED = 6
"""Degrees by which a box may be turned, at most."""
SAMPLE = 2000
"""Pixels that are enough to tell by how much it is turned."""
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


def find_box(labels: NDArray[np.int32], components: list[Component]) -> NDArray[np.bool_] | None:
    """The lines of a box that hangs together with the digit in it.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        components: at least one.

    Returns:
        bool ``[H, W]``, without what crosses the lines; None if there is no such box.
    """
    box = max(components, key=attrgetter("area"))
    if box.shorter_side < SMALLEST or box.fill > FILL or box.is_cut(*labels.shape):
        return None
    where = np.s_[box.top : box.bottom, box.left : box.right]
    ink = labels[where] == box.label
    if not (_may_have_lines(ink[:, ::EACH]) and _may_have_lines(ink[::EACH].T)):
        return None
    lines = _lines(ink)
    if lines is None or not (ink & ~lines).any():
        return None
    whole = np.zeros(labels.shape, dtype=bool)
    whole[where] = lines
    return whole


def _may_have_lines(ink: NDArray[np.bool_]) -> bool:
    """Whether two bands of rows that are far apart have ink in most columns."""
    begins = np.linspace(0, len(ink), BANDS, endpoint=False).astype(np.intp)
    bands = np.logical_or.reduceat(ink, begins)
    share = (bands[1:] | bands[:-1]).mean(axis=1)
    full = np.flatnonzero(share >= max(HINT, FULL * share.max()))
    return len(full) > 1 and bool(full[-1] - full[0] >= LARGE * BANDS)


def _lines(ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The lines of a box in ink ``[H, W]`` that hangs together, if something is in the box."""
    angle = _turn(ink)
    margin = max(ink.shape) // 5
    upright = _turned(np.pad(ink, margin), angle)
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
    return _turned(lines, -angle)[margin:-margin, margin:-margin]


def _turned(mask: NDArray[np.bool_], degrees: float) -> NDArray[np.bool_]:
    """A mask turned about its centre, counterclockwise."""
    turned: NDArray[np.bool_] = np.asarray(Image.fromarray(mask.view(np.uint8)).rotate(degrees)) > 0
    return turned


def _turn(ink: NDArray[np.bool_]) -> float:
    """Degrees by which ink has to be turned for its lines to be upright.

    Its projections have the sharpest peaks then (Postl 1986).
    """
    places = np.stack(np.nonzero(ink)) - np.array(ink.shape)[:, None] // 2
    if places.shape[1] > SAMPLE:
        places = np.random.default_rng(0).choice(places, SAMPLE, axis=1, replace=False)
    y, x = places
    best = 0.0
    for turns in (np.arange(-TURNED, TURNED + 0.1, 0.5), np.arange(-0.4, 0.45, 0.1)):
        angles = np.deg2rad(best + turns)[:, None]
        cos, sin = np.cos(angles), np.sin(angles)
        sharpness = _sharpness(cos * x + sin * y) + _sharpness(cos * y - sin * x)
        best += float(turns[sharpness.argmax()])
    return best


def _sharpness(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sum of the squares of the histogram of each row of places ``[N, P]``."""
    bins = np.rint(places - places.min()).astype(np.intp)
    count, size = len(bins), int(bins.max()) + 1
    bins += size * np.arange(count)[:, None]
    counts = np.bincount(bins.ravel(), minlength=count * size).reshape(count, size)
    squares: NDArray[np.int64] = (counts**2).sum(axis=1)
    return squares


def _box(ink: NDArray[np.bool_], size: tuple[int, ...]) -> tuple[Line, Line, Line, Line] | None:
    """The upper, lower, left and right line of an upright box, not much smaller than the size."""
    rows, columns = _thick(ink), _thick(ink.T)
    all_rows, all_columns = _full(rows), _full(columns)
    ends = _outermost(rows, all_rows, np.s_[all_columns[0][0] : all_columns[-1][1]], size[0])
    sides = _outermost(columns, all_columns, np.s_[all_rows[0][0] : all_rows[-1][1]], size[1])
    return (*ends, *sides) if ends and sides else None


def _thick(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ink and a pixel above and below: lines have no gaps then, however little they are turned."""
    thick = ink.copy()
    thick[1:] |= ink[:-1]
    thick[:-1] |= ink[1:]
    return thick


def _full(ink: NDArray[np.bool_]) -> list[Line]:
    """The rows that are as full as lines."""
    counts = np.count_nonzero(ink, axis=1)
    full = counts >= FULL * counts.max()
    edges = np.flatnonzero(np.diff(full, prepend=False, append=False)).reshape(-1, 2)
    return [(begin, end) for begin, end in edges.tolist()]


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
