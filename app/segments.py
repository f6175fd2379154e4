"""Digits of bars or dots that don't touch: on displays of clocks, meters and buses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.components import Component

MOST_PARTS = 150
"""Bars or dots in a picture from which on it shows ruled paper, print or grain."""
LEAST_AREA = 0.2
"""Of a bar or dot, as a share of the largest component's."""
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
DOTS = range(7, 40)
"""As many dots has a digit of a matrix, five wide and seven high or a little finer."""
ROUND = 0.6
"""Share of its box that a dot covers at least."""
SQUARE = 1.5
"""Greatest ratio of the sides of its box."""
PITCH = 1.1
"""Greatest gap between dots of one digit, as a multiple of their size; between digits a column is
left out."""
DIAGONAL = 0.75
"""Radius of a dot, as a share of their distance, with which it overlaps those on the diagonal."""


def join_segments(
    labels: NDArray[np.int32], components: list[Component]
) -> tuple[NDArray[np.int32], list[Component], dict[int, int]]:
    """Make one component of the bars or dots of each digit on a display.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        components: those labelled, 1 and on.

    Returns:
        The same, a digit labelled like one of its parts, and by the label of each digit the
        pixels by which its parts have to grow to hang together.
    """
    least = LEAST_AREA * max((one.area for one in components), default=0)
    large = [one for one in components if one.area >= least]
    bars = [group for group in _groups(large, _is_bar, _bars_meet) if _are_bars(group)]
    dots = [group for group in _groups(large, _is_dot, _dots_meet) if _are_dots(group)]
    if not bars and not dots:
        return labels, components, {}
    growth = {group[0].label: _growth_of_bars(group) for group in bars}
    growth |= {group[0].label: _growth_of_dots(group) for group in dots}
    joined = np.arange(len(components) + 1, dtype=labels.dtype)
    for group in bars + dots:
        joined[[part.label for part in group]] = group[0].label
    unions = {group[0].label: _union(group) for group in bars + dots}
    kept = [one for one in components if joined[one.label] == one.label]
    return joined[labels], [unions.get(one.label, one) for one in kept], growth


def _groups(
    components: list[Component],
    fits: Callable[[Component], bool],
    meet: Callable[[Component, Component], bool],
) -> list[list[Component]]:
    """Components of one kind that meet, directly or by others."""
    parts = [one for one in components if fits(one)]
    groups: list[list[Component]] = []
    for part in parts if len(parts) <= MOST_PARTS else []:
        meeting = [group for group in groups if any(meet(part, one) for one in group)]
        groups = [group for group in groups if group not in meeting]
        groups.append([part, *(one for group in meeting for one in group)])
    return groups


def _is_bar(part: Component) -> bool:
    """Whether it is straight, and upright or level but for a slant."""
    length = part.longer_side
    thickness = part.area / length
    return length >= SLENDER * thickness and part.shorter_side <= BLUNT * thickness + SLANT * length


def _bars_meet(bar: Component, other: Component) -> bool:
    return bar.gap(other) <= JOINT * max(bar.longer_side, other.longer_side)


def _are_bars(bars: list[Component]) -> bool:
    """Whether bars that meet are as many as a digit has, some upright and some level."""
    upright = sum(bar.bottom - bar.top > bar.right - bar.left for bar in bars)
    return len(bars) in BARS and 0 < upright < len(bars)


def _growth_of_bars(bars: list[Component]) -> int:
    """Pixels by which bars on both sides of the widest joint grow to meet."""
    return round(JOINT / 2 * max(bar.longer_side for bar in bars))


def _is_dot(part: Component) -> bool:
    return part.fill >= ROUND and part.longer_side <= SQUARE * part.shorter_side


def _dots_meet(dot: Component, other: Component) -> bool:
    return dot.gap(other) <= PITCH * min(dot.longer_side, other.longer_side)


def _are_dots(dots: list[Component]) -> bool:
    """Whether dots that meet are as many as a digit has, and higher than wide."""
    digit = _union(dots)
    return len(dots) in DOTS and digit.bottom - digit.top >= digit.right - digit.left


def _growth_of_dots(dots: list[Component]) -> int:
    """Pixels by which dots grow to overlap their neighbours on the diagonal."""
    size = max(dot.longer_side for dot in dots)
    gap = max(min(dot.gap(one) for one in dots if one is not dot) for dot in dots)
    return max(1, round(DIAGONAL * (gap + size) - size / 2))


def _union(parts: list[Component]) -> Component:
    return Component(
        label=parts[0].label,
        left=min(part.left for part in parts),
        top=min(part.top for part in parts),
        right=max(part.right for part in parts),
        bottom=max(part.bottom for part in parts),
        area=sum(part.area for part in parts),
    )
