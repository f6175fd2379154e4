"""Straight lines across a picture: a margin, guides, a grid, a window's edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.morphology import Tones

CROSSING = 0.99
"""Share of a row or a column that is ink from which on it belongs to a line across the picture."""
WIDEST = 0.03
"""Width of such a line with its soft edges, as a share of the picture's longer side, at most."""
NARROWEST = 3
"""Width of a line of one pixel with its soft edges; in smaller pictures none is sought."""
SAMPLE = 16
"""Of so many rows one is looked at first: hardly any picture has such lines."""
LEFT = 0.05
"""Ink that is left without the lines, as a share of all, at least; else they are the digit."""


def without_lines(tones: Tones, threshold: int) -> Tones | None:
    """The lines across a picture overdrawn by what is beside them; strokes that cross them stay.

    Args:
        tones: how far each pixel is from the paper, uint8 ``[H, W]``.
        threshold: above which a pixel is ink.

    Returns:
        The picture without them, or None if there are none, or hardly anything else.
    """
    widest = round(WIDEST * max(tones.shape))
    if widest < NARROWEST:
        return None
    mask = tones > threshold
    sample = mask[SAMPLE // 2 :: SAMPLE], mask[:, SAMPLE // 2 :: SAMPLE].T
    if not any(_full(some).any() for some in sample):
        return None
    columns, rows = _on_lines(mask, widest), _on_lines(mask.T, widest)
    if not (columns.any() or rows.any()):
        return None
    plain = tones[_nearest(rows)][:, _nearest(columns)]
    if np.count_nonzero(plain > threshold) < LEFT * np.count_nonzero(mask):
        return None
    return plain


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
    begins, ends = np.flatnonzero(np.diff(near, prepend=False, append=False)).reshape(-1, 2).T
    for begin, end in zip(begins, ends, strict=True):
        near[begin:end] = 0 < begin < end < len(near) and end - begin <= widest
    return near


def _nearest(gone: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each place the nearest that is not gone."""
    kept = np.flatnonzero(~gone)
    return kept[np.searchsorted((kept[1:] + kept[:-1]) / 2, np.arange(len(gone)))]
