"""Straight lines across a picture: a margin, guides, a grid, a window's edge, ruled paper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.morphology import Tones
from app.picture.upright import bands, runs, thick, turn, turned

CROSSING = 0.99
"""Share of a row or a column that is ink from which on it belongs to a line across the picture."""
WIDEST = 0.03
"""Width of such a line with its soft edges, as a share of the picture's longer side, at most."""
NARROWEST = 3
"""Width of a line of one pixel with its soft edges; in smaller pictures none is sought."""
SAMPLE = 16
"""Of so many rows one is looked at first: hardly any picture has such lines."""
HINT = 0.95
"""The same for bands of rows or columns, if there may be a line that is a little turned."""
CROSSING_TURNED = 0.8
"""Share of the picture's width or height along which such a line is ink, at least."""
END = 0.015
"""How far from the picture's edge such a line may begin or end, as a share of its length."""
LONG, SHORTEST = 0.5, 0.3
"""Length of one of such lines, and of others across corners, as a share of the longest that fits,
at least."""
FILLED = 0.9
"""Share of the picture's height or width from which on ink goes on from end to end."""
LEFT = 0.05
"""Ink that is left without the lines, as a share of all, at least; else they are the digit."""
LESS = 0.01
"""Ink that is left without turned lines, as a share of all, has to be so much less than without
upright ones."""


def without_lines(tones: Tones, threshold: int, *, ruled: bool = False) -> Tones | None:
    """The lines across a picture overdrawn by what is beside them; strokes that cross them stay.

    Args:
        tones: how far each pixel is from the paper, uint8 ``[H, W]``.
        threshold: above which a pixel is ink.
        ruled: whether it had more such lines, so that there need be nothing else.

    Returns:
        The picture without them, or None if there are none, or hardly anything else. Of lines that
        are a little turned and such as are upright those are left out that have more ink.
    """
    widest = round(WIDEST * max(tones.shape))
    if widest < NARROWEST:
        return None
    mask = tones > threshold
    plain = _without_upright(tones, mask, widest)
    if max(bands(mask).max(), bands(mask.T).max()) >= HINT:
        upright, plain = plain, _without_turned(tones, mask, threshold, widest)
        if _ink(upright, threshold) <= _ink(plain, threshold) + LESS * np.count_nonzero(mask):
            plain = upright
    if plain is None:
        return None
    return plain if ruled or _ink(plain, threshold) >= LEFT * np.count_nonzero(mask) else None


def _ink(tones: Tones | None, threshold: int) -> float:
    """Pixels of ink; infinitely many if there is no picture."""
    return np.inf if tones is None else float(np.count_nonzero(tones > threshold))


def _without_upright(tones: Tones, mask: NDArray[np.bool_], widest: int) -> Tones | None:
    """The picture without lines that run along its rows and columns, if there are any."""
    sample = mask[SAMPLE // 2 :: SAMPLE], mask[:, SAMPLE // 2 :: SAMPLE].T
    if not any(_full(some).any() for some in sample):
        return None
    columns, rows = _on_lines(mask, widest), _on_lines(mask.T, widest)
    if not (columns.any() or rows.any()):
        return None
    return tones[_nearest(rows)][:, _nearest(columns)]


def _without_turned(
    tones: Tones, mask: NDArray[np.bool_], threshold: int, widest: int
) -> Tones | None:
    """The picture without lines that are turned by a few degrees, if there are any."""
    angle, margin = turn(mask), max(mask.shape) // 10
    upright = turned(tones, angle, margin)
    within = turned(np.ones_like(mask), angle, margin)
    ink = (upright > threshold) & within
    rows = _across(ink, within, widest, ink)
    columns = _across(ink.T, within.T, widest, (ink & ~rows[:, None]).T)
    rows = _across(ink, within, widest, ink & ~columns)
    if not (rows.any() or columns.any()):
        return None
    plain = upright[_nearest(rows)][:, _nearest(columns)]
    lines = rows[:, None] | columns
    return np.where(turned(lines, -angle, -margin), turned(plain, -angle, -margin), tones)


def _across(
    ink: NDArray[np.bool_], within: NDArray[np.bool_], widest: int, rest: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which rows are on a line that crosses all that is within, with its soft edges.

    Lines along the border are left, and so is one alone if the rest goes on from end to end above
    and below it: then it is the bar of a 4 that was cut out along its edges.

    Args:
        ink: bool ``[H, W]``, upright.
        within: bool ``[H, W]``, what is in the picture.
        widest: of such a line, pixels.
        rest: bool ``[H, W]``, the ink but for lines down the picture.
    """
    inked, length = np.count_nonzero(thick(ink) & within, axis=1), np.count_nonzero(within, axis=1)
    whole = np.flatnonzero(length >= SHORTEST * length.max())
    full = inked >= CROSSING_TURNED * np.maximum(length, SHORTEST * length.max())
    on_lines = np.zeros(len(ink), dtype=bool)
    if len(whole) < NARROWEST:
        return on_lines
    lines = [
        (begin, end)
        for begin, end in runs(full)
        if whole[1] < begin
        and end <= whole[-2]
        and end - begin <= widest + 2
        and _reaches_ends(ink[begin:end], within[begin:end])
    ]
    if not any(length[begin] >= LONG * length.max() for begin, _ in lines):
        return on_lines
    if len(lines) == 1 and _span(rest) >= FILLED * len(whole):
        return on_lines
    for begin, end in lines:
        on_lines[begin - 1 : end + 1] = True
    return on_lines


def _span(mask: NDArray[np.bool_]) -> int:
    """Rows from the first to the last of a mask ``[H, W]`` with something set; 0 without any."""
    rows = np.flatnonzero(mask.any(axis=1))
    return int(np.ptp(rows)) if rows.size else 0


def _reaches_ends(ink: NDArray[np.bool_], within: NDArray[np.bool_]) -> bool:
    """Whether a line in rows ``[N, W]`` begins and ends where the picture does."""
    place = np.cumsum(within, axis=1)
    length = place[:, -1:]
    near = END * length + 1
    return bool((ink & (place <= near)).any() and (ink & (place > length - near)).any())


def _full(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which columns of a mask are ink from top to bottom."""
    full: NDArray[np.bool_] = np.count_nonzero(mask, axis=0) >= CROSSING * len(mask)
    return full


def _on_lines(mask: NDArray[np.bool_], widest: int) -> NDArray[np.bool_]:
    """Which columns of a mask are on a line from top to bottom, or beside one, where it is soft.

    Lines along the border are left: they may be all that is to be seen of what the digit lies on.
    """
    near = _full(mask)
    near[:-1] |= near[1:]
    near[1:] |= near[:-1]
    for begin, end in runs(near):
        near[begin:end] = 0 < begin < end < len(near) and end - begin <= widest
    return near


def _nearest(gone: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each place the nearest that is not gone."""
    kept = np.flatnonzero(~gone)
    return kept[np.searchsorted((kept[1:] + kept[:-1]) / 2, np.arange(len(gone)))]
