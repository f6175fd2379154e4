"""Strokes in pieces: digits of dots or dashes, on matrices of lamps and on sheets for tracing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.picture.components import Component, groups, union
from app.picture.morphology import Plane, surrounded

FEWEST, MOST = 6, 90
"""Pieces of a digit, at least and at most."""
SOLID = 0.8
"""Share of its length times its thickness that a dot or a dash covers at least."""
SOLID_SHARE = 0.6
"""Share of the pieces that are dots or dashes, at least; others are where strokes meet."""
ALIKE = 1.5
"""Greatest ratio of the thicknesses of dots and dashes that are neighbours."""
LONGEST = 0.6
"""Longer side of a piece, as a share of the whole digit's, at most; stripes are longer."""
FURTHEST = 2.0
"""Greatest gap between neighbours along a row or a column, as a multiple of their thickness."""
UNEVEN = 1.6
"""The same as a multiple of the usual gap, and"""
MORE = 0.6
"""what is added to that, as a multiple of their thickness. Between digits of a matrix there is a
column without dots, which is more."""
NEIGHBOURS = 3.3
"""How many neighbours a piece has at most, on average; in a pattern or a halftone it has more."""
WIDEST = 2
"""Greatest width of a digit, in heights; of a dotted line it is more."""
OUTLINE = 16
"""Places along the outline of a piece from which distances are measured."""


class Stroke(NamedTuple):
    """The pieces of one digit, and the pixels by which they have to grow to hang together."""

    pieces: list[Component]
    growth: int

    @property
    def labels(self) -> set[int]:
        """Of the pieces."""
        return {piece.label for piece in self.pieces}


def find_strokes(labels: NDArray[np.int32], components: list[Component]) -> list[Stroke]:
    """The digits among components that are made of pieces.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        components: those that may be pieces.
    """
    if not FEWEST <= len(components) <= MOST:
        return []
    thickness, solid = _shapes(labels, components)
    if np.count_nonzero(solid) < FEWEST:
        return []
    thickness[~solid] = np.median(thickness[solid])
    rows, columns = _outlines(labels, components)
    along = np.abs(rows - rows.T), np.abs(columns - columns.T)
    gaps = _least(np.maximum(*along)) - 1
    thinner = np.minimum(thickness[:, None], thickness)
    alike = np.maximum(thickness[:, None], thickness) <= ALIKE * thinner
    others = ~np.eye(len(components), dtype=bool)
    usual = np.median(np.where(others, gaps, np.inf).min(axis=1)[solid])
    near = gaps <= np.minimum(FURTHEST * thinner, UNEVEN * usual + MORE * thinner)
    near &= alike & others & (solid | solid[:, None])
    grouped = [([components[index] for index in group], group) for group in groups(near)]
    digits = [
        (parts, group)
        for parts, group in grouped
        if _is_digit(parts, solid[group], near[np.ix_(group, group)])
    ]
    if not digits:
        return []
    straight = _least(np.hypot(*along)) - 1
    strokes = []
    for parts, group in digits:
        gap = bottleneck(straight[np.ix_(group, group)])
        growth = round(gap / 2 + thickness[group].mean() / 5)
        strokes.append(Stroke(parts, max(1, growth)))
    return strokes


def _is_digit(parts: list[Component], solid: NDArray[np.bool_], near: NDArray[np.bool_]) -> bool:
    """Whether pieces that are neighbours, directly or by others, may make up a digit."""
    if len(parts) < FEWEST or solid.mean() < SOLID_SHARE or near.sum() > NEIGHBOURS * len(parts):
        return False
    whole = union(parts)
    if max(part.longer_side for part in parts) > LONGEST * whole.longer_side:
        return False
    return whole.width <= WIDEST * whole.height


def _shapes(
    labels: NDArray[np.int32], components: list[Component]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How thick components are, float64 ``[N]``, and whether they are dots or dashes.

    That is, whether they cover what a bar would that has the same moments of second order.
    """
    numbers = [part.label for part in components]
    y, x = np.nonzero(labels)
    label = labels[y, x]
    sums = [
        np.bincount(label, values, labels.max() + 1)[numbers]
        for values in np.stack([np.ones(len(y)), y, x, y * y, x * x, y * x])
    ]
    area = sums[0]
    y_mean, x_mean, yy, xx, yx = (each / area for each in sums[1:])
    yy, xx, yx = yy - y_mean**2, xx - x_mean**2, yx - y_mean * x_mean
    variances = np.linalg.eigvalsh(np.stack([yy, yx, yx, xx], axis=1).reshape(-1, 2, 2))
    thickness, length = np.sqrt(12 * variances.clip(0) + 1).T
    return thickness, area >= SOLID * thickness * length


def _outlines(labels: NDArray[np.int32], components: list[Component]) -> tuple[Plane, Plane]:
    """Rows and columns ``[OUTLINE * N, 1]`` of places along the outline of each component."""
    ink = surrounded(labels > 0, 1)
    within = ink[:-2, 1:-1] & ink[2:, 1:-1] & ink[1:-1, :-2] & ink[1:-1, 2:]
    y, x = np.nonzero((labels > 0) & ~within)
    order = np.argsort(labels[y, x], kind="stable")
    y, x, label = y[order], x[order], labels[y, x][order]
    numbers = [part.label for part in components]
    begins, ends = (np.searchsorted(label, numbers, side) for side in ("left", "right"))
    share = np.linspace(0, 1, OUTLINE)
    chosen = np.rint(begins[:, None] + share * (ends - 1 - begins)[:, None]).astype(np.intp)
    rows, columns = y[chosen].reshape(-1, 1), x[chosen].reshape(-1, 1)
    return rows.astype(np.float32), columns.astype(np.float32)


def _least(apart: Plane) -> Plane:
    """The least of the distances of places of each two components, ``[N, N]``."""
    count = len(apart) // OUTLINE
    least: Plane = apart.reshape(count, OUTLINE, count, OUTLINE).min(axis=(1, 3))
    return least


def bottleneck(gaps: Plane) -> float:
    """The widest gap that has to be bridged for all to hang together (Prim 1957)."""
    nearest, widest = gaps[0].copy(), 0.0
    outside = np.arange(len(gaps)) > 0
    while outside.any():
        following = int(np.where(outside, nearest, np.inf).argmin())
        widest = max(widest, float(nearest[following]))
        outside[following] = False
        nearest = np.minimum(nearest, gaps[following])
    return widest
