"""Whether a convex mask with a hole is a badge with writing, or a bold digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import bounding_box
from app.picture.hull import beyond_lines, hull_share, inside_of_lines, roundness

ISLANDS = 0.1
"""Share of a hole that has the badge's tone, from which on it is a loop of writing, as in a 6."""
CORE = 0.65
"""Share of a hole from which on it is the core of what is around it, as that of a bold 0."""
LOOP = 0.85
"""The same for a hole with an island in it, as of a 0 on a badge; more is a 0 with a dot."""
ONE = 0.75
"""Share of all writing that its largest part covers at least; a slashed 0 has two holes alike."""
LEAST_SPAN = 0.42
"""Longer side of a badge's writing, as a share of the badge's; holes of an 8 have less."""
OFF_CENTRE = 0.12
"""How far the middles of both may be apart at most, as a share of the same."""
ROUND = 0.8
"""Shorter side of a badge as a share of the longer, at least; most bold 0s have less."""
DISC = 0.92
"""Least width of a disc over its greatest, at least; the hole of a 0 as round is round too."""
SLIT = 0.55
"""The same of a hole that is none of a 0's, at most."""
BENT = 0.72
"""Share of its convex hull that such a hole covers at most, if it is no slit."""
SHORT = 0.25
"""Longer side of such a hole, as a share of the disc's, at least."""

Mask = NDArray[np.bool_]


def is_badge(mask: Mask, hole: Mask, share: float, tone: Mask) -> bool:
    """Whether the largest hole in a mask is writing on it, not that of a bold 0 or 8.

    Args:
        mask: bool ``[H, W]``, convex but for noise, with its holes.
        hole: bool ``[H, W]``, the largest of them.
        share: of the area of all of them that is its.
        tone: bool ``[H, W]``, what is of the mask's tone.
    """
    left, top, right, bottom = bounding_box(mask)
    x, y, x_end, y_end = bounding_box(hole)
    shorter, longer = sorted((right - left, bottom - top))
    span = max(x_end - x, y_end - y) / longer
    if shorter < ROUND * longer or span < SHORT or share < ONE:
        return False
    off = max(abs(left + right - x - x_end), abs(top + bottom - y - y_end)) / 2
    if span >= LEAST_SPAN and off <= OFF_CENTRE * longer and not _is_core(hole, mask, tone):
        return True
    return roundness(mask) >= DISC and _is_stroke(hole)


def _is_core(hole: Mask, mask: Mask, tone: Mask) -> bool:
    """Whether a hole lies deepest in a mask, and has nothing in it, as that of a bold 0."""
    size = np.count_nonzero(hole)
    deepest = np.argpartition(-inside_of_lines(mask, mask).min(axis=0), size)[:size]
    loop = np.count_nonzero(hole & tone) >= ISLANDS * size
    return bool(hole[mask][deepest].mean() >= (LOOP if loop else CORE))


def _is_stroke(hole: Mask) -> bool:
    """Whether a hole is so narrow or bent that it is no round 0's."""
    return roundness(hole) <= SLIT or hull_share(hole, beyond_lines(hole)) <= BENT
