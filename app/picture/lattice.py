"""Digits that are filled with dots: lamps of a panel, beads, stitches, squares with gaps."""

from __future__ import annotations

import math

import numpy as np

from app.picture.components import Component, groups, union
from app.picture.morphology import Plane
from app.picture.pieces import WIDEST, Stroke, bottleneck

FEWEST, MOST = 12, 700
"""Dots of a digit, at least and at most."""
SOLID = 0.4
"""Share of its box that a dot covers at least, be it a cross."""
ALIKE = 0.15
"""How far width and height are from the usual ones, as a share of these, at most,"""
SAME = 0.7
"""in so many of the dots, at least. Digits on a sheet of samples differ more."""
SPARSE = 1.0
"""Usual gap between neighbours, as a multiple of a dot's side, at most."""
UNEVEN, REACH = 1.5, 0.75
"""The same at most of any, as a multiple of the usual one and a pixel, or of a dot's side."""
MOSTLY = 0.8
"""Share of all ink that is in the dots of digits, at least."""
FULL = 0.9
"""Share of its box that is full of dots, from which on it is a pattern, unless it is narrow, as a 1
is."""
NARROW = 0.5
"""Width over height."""


def find_filled(dots: list[Component], ink: int) -> list[Stroke]:
    """The digits that are filled with dots, which are alike and near each other.

    Args:
        dots: what may be one, all but specks.
        ink: pixels of all there is in the picture.
    """
    if not FEWEST <= len(dots) <= MOST:
        return []
    sizes = np.array([(dot.width, dot.height) for dot in dots])
    median = np.median(sizes, axis=0)
    alike = (np.abs(sizes - median) <= ALIKE * median + 0.5).all(axis=1)
    if alike.mean() < SAME or np.median([dot.fill for dot in dots]) < SOLID:
        return []
    side, gaps = float(median.max()), _gaps(dots)
    usual = float(np.median(gaps.min(axis=1)[alike]))
    if usual > SPARSE * side:
        return []
    near = gaps <= max(UNEVEN * usual + 1, REACH * side)
    together = [group for group in groups(near) if len(group) >= FEWEST]
    strokes = [_stroke([dots[index] for index in one], gaps[np.ix_(one, one)]) for one in together]
    digits = [stroke for stroke in strokes if _may_be_digit(stroke.pieces, side, usual)]
    covered = sum(dot.area for stroke in digits for dot in stroke.pieces)
    return digits if covered >= MOSTLY * ink else []


def _stroke(dots: list[Component], gaps: Plane) -> Stroke:
    return Stroke(dots, math.ceil(bottleneck(gaps) / 2))


def _may_be_digit(dots: list[Component], side: float, gap: float) -> bool:
    """Whether dots may fill a digit, and not a line or a block."""
    box = union(dots)
    full = len(dots) * (side + gap) ** 2 / ((box.width + gap) * (box.height + gap))
    narrow = box.width <= NARROW * box.height
    return box.width <= WIDEST * box.height and (narrow or full <= FULL)


def _gaps(dots: list[Component]) -> Plane:
    """Pixels between the boxes of each two, as :meth:`Component.gap`; of each to itself, many."""
    left, top, right, bottom = np.array([dot[1:5] for dot in dots]).T[..., None]
    across = np.maximum(left, left.T) - np.minimum(right, right.T)
    down = np.maximum(top, top.T) - np.minimum(bottom, bottom.T)
    gaps: Plane = np.maximum(np.maximum(across, down), 0).astype(np.float32)
    np.fill_diagonal(gaps, np.inf)
    return gaps
