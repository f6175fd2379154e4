"""Digits whose parts don't touch: bars of displays, and dots or dashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import Component, groups, union
from app.picture.lattice import find_filled
from app.picture.pieces import Stroke, find_strokes

MOST_PARTS = 150
"""Bars in a picture from which on it shows ruled paper, print or grain."""
LEAST_AREA = 0.2
"""Of a bar, dot or dash, as a share of the largest component's."""
BARS = range(3, 8)
"""As many bars has a digit of seven segments; the two of a 1 need no joining."""
SLENDER = 1.6
"""Least ratio of a bar's length to its thickness, the mean."""
BLUNT = 1.4
"""Greatest thickness, as a multiple of the mean: bars have pointed ends."""
SLANT = 0.25
"""Greatest slant."""
JOINT = 0.18
"""Greatest gap between bars of one digit, as a share of the longer one's length."""

BOX = 0.35
"""Share of its bounding box that a box around bars, dots or dashes covers at most."""
WITHIN = 0.8
"""Share of all components that are within it, at least."""


def join_segments(
    labels: NDArray[np.int32], components: list[Component]
) -> tuple[NDArray[np.int32], list[Component], dict[int, int]]:
    """Make one component of the bars, dots or dashes of each digit.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        components: those labelled, 1 and on.

    Returns:
        The same, a digit labelled like one of its parts, and by the label of each digit the
        pixels by which its parts have to grow to hang together.
    """
    strokes = _strokes(labels, components)
    if not strokes:
        return labels, components, {}
    joined = np.arange(len(components) + 1, dtype=labels.dtype)
    for stroke in strokes:
        joined[list(stroke.labels)] = stroke.pieces[0].label
    unions = {stroke.pieces[0].label: union(stroke.pieces) for stroke in strokes}
    kept = [one for one in components if joined[one.label] == one.label]
    growth = {stroke.pieces[0].label: stroke.growth for stroke in strokes}
    return joined[labels], [unions.get(one.label, one) for one in kept], growth


def _strokes(labels: NDArray[np.int32], components: list[Component]) -> list[Stroke]:
    """The digits of bars, of dots and of dashes. Bars with more dashes around them are dashes.

    Dots that fill digits are looked for last: one row of them is closer to a dashed line.
    """
    components = _without_box(components)
    least = LEAST_AREA * max((one.area for one in components), default=0)
    large = [one for one in components if one.area >= least]
    bars = [Stroke(group, _growth_of_bars(group)) for group in _bars(large)]
    of_bars = set[int]().union(*(stroke.labels for stroke in bars))
    dashes = [stroke for stroke in find_strokes(labels, large) if stroke.labels - of_bars]
    if not bars and not dashes:
        return find_filled(large, sum(one.area for one in components))
    of_dashes = set[int]().union(*(stroke.labels for stroke in dashes))
    return dashes + [stroke for stroke in bars if of_dashes.isdisjoint(stroke.labels)]


def _without_box(components: list[Component]) -> list[Component]:
    """The components without a box of lines around nearly all others."""
    box = max(components, key=lambda one: one.width * one.height, default=None)
    if box is None or box.fill > BOX:
        return components
    others = [one for one in components if one is not box]
    within = sum(box.encloses(one) for one in others)
    return others if within >= max(WITHIN * len(components), BARS.start) else components


def _bars(components: list[Component]) -> list[list[Component]]:
    """The bars of each digit of seven segments."""
    parts = [one for one in components if _is_bar(one)]
    if not BARS.start <= len(parts) <= MOST_PARTS:
        return []
    near = np.array([[_bars_meet(bar, one) for one in parts] for bar in parts])
    meeting = [[parts[index] for index in group] for group in groups(near)]
    return [bars for bars in meeting if _are_bars(bars)]


def _is_bar(part: Component) -> bool:
    """Whether it is straight, and upright or level but for a slant."""
    length = part.longer_side
    thickness = part.area / length
    return length >= SLENDER * thickness and part.shorter_side <= BLUNT * thickness + SLANT * length


def _bars_meet(bar: Component, other: Component) -> bool:
    return bar.gap(other) <= JOINT * max(bar.longer_side, other.longer_side)


def _are_bars(bars: list[Component]) -> bool:
    """Whether bars that meet are as many as a digit has, some upright and some level."""
    upright = sum(bar.height > bar.width for bar in bars)
    return len(bars) in BARS and 0 < upright < len(bars)


def _growth_of_bars(bars: list[Component]) -> int:
    """Pixels by which bars on both sides of the widest joint grow to meet."""
    return round(JOINT / 2 * max(bar.longer_side for bar in bars))
