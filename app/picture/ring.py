"""A ring that touches its digit: drawn by hand, or a box with round corners."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from app.picture.components import having, label_components
from app.picture.morphology import dilate
from app.picture.shrinking import thumbnail

THUMBNAIL = 100
"""Longer side, in pixels, that is enough to tell a ring, or up to twice as much."""
RAYS = 128
"""Directions from the middle in which the outermost ink is looked for."""
NEIGHBOURS = 4
"""Rays on either side whose median is where the ring is, whatever sticks out between them."""
THICKEST = 0.13
"""Width of its line, as a share of the shorter side, at most."""
GAP = 1.5
"""Paper between the ring and what is in it, in widths of the line, at least, on most rays."""
OFF = 0.06
"""Share of the ring's radius by which its line may lie elsewhere than on the rays beside it."""
WIDER = 1.7
"""Width of the line, as a share of its usual one, from which on something touches it."""
CLOSED = 0.87
"""Share of the rays that the line crosses, at least; on the others it does not close."""
CLEAR = 0.6
"""Share of the rays on which nothing touches or crosses the ring, at least."""
CONVEX = 0.97
"""Area of the ring over that of its convex hull, at least; an 8 has less."""
ASIDE = 0.1
"""Share of its bounding box within which there is ink at either side, at middle height or width."""
LEAST = 0.4
"""Height of the digit over that of the ring, at least."""
TALL = 0.6
"""The same from which on it may have less ink; the loose end of a 0 is lower."""
MASS = 0.35
"""Ink of the digit over that of the ring, at least; the loose end of a 0 has less."""
STRAIGHT = 0.25
"""Width over length of the bar of a slashed 0, at most; it touches the ring at both ends."""

_ANGLES = np.arange(RAYS) * (2 * np.pi / RAYS)
_COSINES = np.cos(_ANGLES[:, None] - _ANGLES)
_REACH = int(2**0.5 * THUMBNAIL) + 2
_SIDE = 2 * _REACH + 1
_STEPS = np.stack([np.sin(_ANGLES), np.cos(_ANGLES)])[..., None] * np.arange(_REACH)
_PLACES = (np.rint(_STEPS).astype(np.intp) + _REACH).transpose(1, 2, 0) @ (_SIDE, 1)
"""Indices of the pixels of each ray from the middle of a square of pixels, in rows."""

Radii = NDArray[np.float64]
"""Distances from the middle, in pixels, on each ray, ``[RAYS]``."""


def find_ring(ink: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The line of a ring that hangs together with the digit in it.

    One that is clear of it may be the outline of a hollow 0.

    Args:
        ink: bool ``[H, W]``, a component in its bounding box.

    Returns:
        bool ``[H, W]``, with a pixel on either side, where edges are soft, and without what
        crosses it; None if there is no ring.
    """
    if not (_at_both_sides(ink) and _at_both_sides(ink.T)):
        return None
    step = max(max(ink.shape) // THUMBNAIL, 1)
    found = _line(thumbnail(ink, step))
    if found is None:
        return None
    begins, ends = step * found
    rest = _without(ink, begins - 1, ends + step)
    line = ink & ~rest
    parts, kept = label_components(rest)
    digit = max(kept, key=attrgetter("area"), default=None)
    if digit is None:
        return None
    tall = digit.height / np.ptp(np.sin(_ANGLES) * begins)
    if tall < LEAST or (tall < TALL and digit.area < MASS * np.count_nonzero(line)):
        return None
    if _is_slash(parts == digit.label, line):
        return None
    return dilate(line, 1) & ~rest


def _at_both_sides(ink: NDArray[np.bool_]) -> bool:
    """Whether there is ink at the left and the right of the middle rows, which few digits have."""
    height, width = ink.shape
    middle, aside = ink[height // 3 : 2 * height // 3], int(ASIDE * width)
    return bool(middle[:, :aside].any() and middle[:, -aside:].any())


def _line(ink: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Where the line of a ring begins and ends, ``[2, RAYS]``, if ink ``[H, W]`` is one."""
    rays = _rays(ink)
    ends = _length(rays)
    radii = np.arange(rays.shape[1])
    begins = _length(~rays & (radii < ends[:, None]))
    widths = ends - begins
    width = np.median(widths)
    gaps = begins - _length(rays & (radii < begins[:, None]))
    if width > THICKEST * min(ink.shape) or np.median(gaps) < GAP * width:
        return None
    far = ends > np.median(ends) / 2
    if far.mean() < CLOSED:
        return None
    closed, turns = _between(ends, far), range(-NEIGHBOURS, NEIGHBOURS + 1)
    ring = np.sort([np.roll(closed, turn) for turn in turns], axis=0)[NEIGHBOURS]
    near = np.abs(ends - ring) <= np.maximum(OFF * ring, 1.5)  # 1.5: a pixel's diagonal
    clear = near & (widths <= WIDER * width + 1.5)
    if clear.mean() < CLEAR or not _is_convex(ring):
        return None
    end, wide = _between(ends, near), _between(widths, clear)
    return np.stack([end - wide, end])


def _between(values: NDArray[np.intp], where: NDArray[np.bool_]) -> Radii:
    """Values ``[RAYS]`` where they hold, and on the rays between those what lies between them."""
    radii: Radii = np.interp(_ANGLES, _ANGLES[where], values[where], period=2 * np.pi)
    return radii


def _rays(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ink ``[H, W]`` along the rays from its middle outwards, ``[RAYS, pixels]``."""
    height, width = ink.shape
    top, left = _REACH - height // 2, _REACH - width // 2
    square = np.zeros((_SIDE, _SIDE), dtype=bool)
    square[top : top + height, left : left + width] = ink
    longest = int(np.hypot(height, width) / 2) + 2
    rays: NDArray[np.bool_] = square.reshape(-1)[_PLACES[:, :longest]]
    return rays


def _length(rays: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Pixels of each ray up to and with its last that is set, ``[RAYS]``; 0 if there is none."""
    return np.where(rays.any(axis=1), rays.shape[1] - rays[:, ::-1].argmax(axis=1), 0)


def _is_convex(ring: Radii) -> bool:
    """Whether a ring is nearly as large as its hull, by the areas in polar coordinates."""
    support = (_COSINES * ring).max(axis=1)
    slope = (np.roll(support, -1) - np.roll(support, 1)) / (2 * _ANGLES[1])
    return bool((ring**2).sum() >= CONVEX * (support**2 - slope**2).sum())


def _without(ink: NDArray[np.bool_], begins: Radii, ends: Radii) -> NDArray[np.bool_]:
    """What of the ink ``[H, W]`` lies within the line of a ring, and what of that crosses it."""
    y, x = np.nonzero(ink)
    down, right = y - ink.shape[0] // 2, x - ink.shape[1] // 2
    radius, angle = np.hypot(down, right), np.arctan2(down, right)
    begin, end = (np.interp(angle, _ANGLES, each, period=2 * np.pi) for each in (begins, ends))
    inside, outside = np.zeros_like(ink), np.zeros_like(ink)
    inside[y, x], outside[y, x] = radius < begin, radius > end
    reach = int(np.median(ends - begins))
    crossing = dilate(inside, reach) & dilate(outside, reach) & ink
    parts, _ = label_components(inside | crossing | outside)
    return having(parts, np.unique(parts[inside]).tolist())


def _is_slash(digit: NDArray[np.bool_], line: NDArray[np.bool_]) -> bool:
    """Whether what is in a ring is straight, and touches it at both ends."""
    y, x = np.nonzero(digit)
    narrow, long = np.linalg.eigvalsh(np.cov(y, x))
    if narrow > STRAIGHT**2 * long:
        return False
    touching = np.flatnonzero((digit & dilate(line, 2)).any(axis=1))
    middle = (y[0] + y[-1]) / 2
    return len(touching) > 0 and bool(touching[0] < middle < touching[-1])
