"""What is drawn around a digit and hangs together with it, left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.picture.box import find_box
from app.picture.ink import Ink
from app.picture.ring import find_ring


def without_enclosure(ink: Ink) -> Ink:
    """The ink without the ring or the lines of the box that touches the digit."""
    labels, components = ink.components
    lines = find_ring(labels, components)
    if lines is None:
        lines = find_box(labels, components)
    if lines is None:
        return ink
    return replace(
        ink,
        amount=np.where(lines, np.float32(0), ink.amount),
        mask=ink.mask & ~lines,
        faint=ink.faint & ~lines,
    )
