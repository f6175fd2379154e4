"""What is drawn around a digit and hangs together with it, left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from app.picture.box import find_box
from app.picture.components import Component
from app.picture.ink import Ink
from app.picture.ring import find_ring

SMALLEST = 40
"""Shorter side of a ring or a box, in pixels, at least."""
FILL = 0.5
"""Share of its bounding box that it covers, with the digit, at most."""

Mask = NDArray[np.bool_]


def without_enclosure(ink: Ink) -> Ink:
    """The ink without the ring or the lines of the box that touches the digit."""
    labels, components = ink.components
    widest = max(components, key=lambda part: part.width * part.height)
    lines = find_lines(labels, widest, find_ring)
    if lines is None:
        lines = find_lines(labels, max(components, key=attrgetter("area")), find_box)
    if lines is None:
        return ink
    return replace(
        ink,
        amount=np.where(lines, np.float32(0), ink.amount),
        mask=ink.mask & ~lines,
        faint=ink.faint & ~lines,
    )


def find_lines(
    labels: NDArray[np.int32], part: Component, find: Callable[[Mask], Mask | None]
) -> Mask | None:
    """The lines that are found in a component, bool ``[H, W]``, if it may be more than a digit.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        part: one of its components.
        find: takes the component in its bounding box, and returns its lines or None.
    """
    if part.shorter_side < SMALLEST or part.fill > FILL or part.is_cut(*labels.shape):
        return None
    lines = find(labels[part.where] == part.label)
    if lines is None:
        return None
    whole = np.zeros(labels.shape, dtype=bool)
    whole[part.where] = lines
    return whole
