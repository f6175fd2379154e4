"""Digits of seven bars that don't touch: on displays of clocks, meters and calculators."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.components import Component

FEWEST, MOST = 3, 7
"""Bars of a digit; the two of a 1 need no joining."""
MOST_BARS = 60
"""Bars in a picture from which on it shows ruled paper or print."""
LEAST_AREA = 0.2
"""Of a bar, as a share of the largest component's."""
SLENDER = 1.6
"""Least ratio of a bar's length to its thickness, the mean."""
BLUNT = 1.4
"""Greatest thickness, as a multiple of the mean: bars have pointed ends."""
SLANT = 0.25
"""Greatest slant."""
JOINT = 0.18
"""Greatest gap between bars of one digit, as a share of the longer one's length."""


def join_segments(
    labels: NDArray[np.int32], components: list[Component]
) -> tuple[NDArray[np.int32], list[Component], dict[int, int]]:
    """Make one component of the bars of each digit on a display.

    Args:
        labels: int32 ``[H, W]``, 0 for paper.
        components: those labelled, 1 and on.

    Returns:
        The same, a digit labelled like one of its bars, and by the label of each digit the
        pixels up to which gaps in it belong to its strokes.
    """
    least = LEAST_AREA * max((one.area for one in components), default=0)
    bars = [one for one in components if one.area >= least and _is_bar(one)]
    if not FEWEST <= len(bars) <= MOST_BARS:
        return labels, components, {}
    digits = [group for group in _groups(bars) if _is_digit(group)]
    joined = np.arange(len(components) + 1, dtype=labels.dtype)
    for group in digits:
        joined[[bar.label for bar in group]] = group[0].label
    others = [one for one in components if joined[one.label] == one.label]
    unions = {group[0].label: _union(group) for group in digits}
    gaps = {group[0].label: _gap(group) for group in digits}
    return joined[labels], [unions.get(one.label, one) for one in others], gaps


def _is_digit(bars: list[Component]) -> bool:
    """Whether bars that meet are as many as a digit has, some upright and some level."""
    upright = sum(bar.bottom - bar.top > bar.right - bar.left for bar in bars)
    return FEWEST <= len(bars) <= MOST and 0 < upright < len(bars)


def _gap(bars: list[Component]) -> int:
    """Pixels that notches between pointed bars are wide at most, and holes of an 8 are not."""
    thickness = max(bar.area / bar.longer_side for bar in bars)
    lengths = [bar.longer_side for bar in bars]
    return round(min(JOINT * max(lengths) + thickness, 0.6 * (min(lengths) - thickness)))


def _is_bar(part: Component) -> bool:
    """Whether it is straight, and upright or level but for a slant."""
    length = part.longer_side
    thickness = part.area / length
    shorter_side = min(part.right - part.left, part.bottom - part.top)
    return length >= SLENDER * thickness and shorter_side <= BLUNT * thickness + SLANT * length


def _groups(bars: list[Component]) -> list[list[Component]]:
    """Bars that meet, directly or by others."""
    groups: list[list[Component]] = []
    for bar in bars:
        meeting = [group for group in groups if any(_meet(bar, one) for one in group)]
        groups = [group for group in groups if group not in meeting]
        groups.append([bar, *(one for group in meeting for one in group)])
    return groups


def _meet(bar: Component, other: Component) -> bool:
    return bar.gap(other) <= JOINT * max(bar.longer_side, other.longer_side)


def _union(parts: list[Component]) -> Component:
    return Component(
        label=parts[0].label,
        left=min(part.left for part in parts),
        top=min(part.top for part in parts),
        right=max(part.right for part in parts),
        bottom=max(part.bottom for part in parts),
        area=sum(part.area for part in parts),
    )
