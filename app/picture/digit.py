"""Which components of a mask belong to the digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.picture.components import Component, having, label_components
from app.picture.ink import Ink
from app.picture.segments import join_segments

SPECK = 0.03
"""Share of the largest component's area below which another is a speck, if it lies apart."""
GRAIN = SPECK / 4
"""The same for what does not belong to the digit however close it is."""
NEAR = 0.25
"""Gap, as a share of the largest component's longer side, within which parts belong together."""
CLOSE = 0.06
"""The same for specks, for what the border cuts, and in a crowd."""
LINE = 0.5
"""Area of what is longer than the largest component, as a share of its area, below which it is a
line of the paper."""
FOOT = 0.04
"""Gap above the foot of a digit, as a share of the largest component's longer side, at most; a line
that lies deeper underlines it."""
AS_WIDE = 0.5
"""Least width of such a line, as a share of the largest component's."""
LEVEL = 0.25
"""Greatest height of such a line, as a share of its width."""
ASIDE = 0.06
"""Gap to the left or the right of the largest component, as a share of its longer side, from which
on what is there is a sign or a mark; no digit has a part that stands apart so."""
CROWD = 6
"""Parts that don't belong to the digit, from which on only close ones do: there is print around."""
AS_TALL = 0.6
"""Least ratio of two digits' heights, and of the height that they share on a line."""
DIGIT = 0.12
"""Share of the largest component's area from which on another may be a digit of its own."""
INSIDE = 0.4
"""Longer side of a component that lies within the picture, as a share of that of the largest or of
the picture's shorter side, from which on it is preferred to one that the border cuts."""
SOLID = 0.6
"""Share of its box that a thumb or a table's corner covers at least; a 5 without its bar less."""
BOXED = 0.35
"""Share of a box around a digit that its lines fill at most, and of its side that the digit does at
least."""
FRAME = 0.7
"""Share of the picture's side that a line along its border spans if it is a frame or an edge."""


@dataclass(frozen=True)
class FoundDigit:
    """The part of a mask that is the digit.

    Attributes:
        mask: bool ``[H, W]``, without frames along the border, specks, and other digits.
        several: whether there are other digits beside it.
        growth: pixels by which its parts have to grow to hang together: more than 0 for the bars
            of a display, and for dots and dashes.
    """

    mask: NDArray[np.bool_]
    several: bool
    growth: int = 0


def find_digit(ink: Ink) -> FoundDigit:
    """The digit in ink that is not blank: the largest component and what belongs to it.

    A 5's bar or a broken stroke is a component too, so what is near the largest stays, unless it
    stands beside it and is as tall: then it is another digit. Boxes around the digit, and what
    reaches into the picture from outside, do not count, nor do signs beside it and lines below.
    """
    height, width = ink.mask.shape
    labels, components, growth = join_segments(*ink.components)
    inner = [part for part in components if not _is_frame(part, height, width)] or components
    largest = _main(inner, height, width)
    smaller = [one for one in inner if one.area <= largest.area and not one.encloses(largest)]
    others = [part.label for part in smaller if _is_beside(part, largest)]
    inside = not largest.is_cut(height, width)
    kept = [largest.label]  # it encloses itself, so it is none of the smaller
    large = [part for part in smaller if part.area >= GRAIN * largest.area]
    crowd = sum(not _belongs(part, largest, NEAR) for part in large) >= CROWD
    for part in smaller:
        nearness = CLOSE if crowd or (inside and part.is_cut(height, width)) else NEAR
        if part.label not in others and _belongs(part, largest, nearness):
            kept.append(part.label)
    if others or len(kept) > 1:
        boxed = set(labels[_broken_box(labels, largest, ink.faint)].tolist()) - {largest.label}
        kept, others = ([label for label in some if label not in boxed] for some in (kept, others))
    return FoundDigit(
        having(labels, kept),
        several=bool(others),
        growth=growth.get(largest.label, 0),
    )


def _main(parts: list[Component], height: int, width: int) -> Component:
    """The largest component, but for what the border cuts and boxes around others."""
    largest = max(parts, key=lambda part: part.area)
    if largest.is_cut(height, width):
        least = INSIDE * min(largest.longer_side, height, width)
        inside = [
            part
            for part in parts
            if not part.is_cut(height, width)
            and part.longer_side >= least
            and part.area >= DIGIT * largest.area
            and (largest.fill > SOLID or not _belongs(part, largest, NEAR))
        ]
        largest = max(inside, key=lambda part: part.area, default=largest)
    while boxed := [part for part in parts if _is_boxed(part, largest)]:
        largest = max(boxed, key=lambda part: part.area)
    return largest


def _broken_box(
    labels: NDArray[np.int32], digit: Component, faint: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Boxes around the digit, whose lines may be broken in the mask that was labelled."""
    lines, parts = label_components(faint)
    itself = lines[labels == digit.label][0]
    boxes = [part.label for part in parts if part.label != itself and _is_boxed(digit, part)]
    return having(lines, boxes)


def _is_boxed(part: Component, box: Component) -> bool:
    """Whether a component is a digit in a box of lines, or in one of a row of such boxes."""
    cells = max(box.width / box.height, 1)
    lines = box.fill < BOXED
    large = (
        part.longer_side >= BOXED * box.longer_side / cells
        and part.area >= DIGIT * box.area / cells
    )
    return lines and large and box.encloses(part) and part is not box


def _belongs(part: Component, largest: Component, nearness: float) -> bool:
    """Whether a smaller component is a part of the digit rather than a speck."""
    if part.longer_side > largest.longer_side and part.area < LINE * largest.area:
        return False
    if _underlines(part, largest) or _is_aside(part, largest):
        return False
    gap, area = part.gap(largest) / largest.longer_side, part.area / largest.area
    return (area >= SPECK and gap <= nearness) or (area >= GRAIN and gap <= CLOSE)


def _underlines(part: Component, largest: Component) -> bool:
    """Whether a component is a line below the largest, and not its foot."""
    wide = part.width >= AS_WIDE * largest.width
    below = part.top >= largest.bottom + FOOT * largest.longer_side
    return below and wide and part.height <= LEVEL * part.width


def _is_aside(part: Component, largest: Component) -> bool:
    """Whether a component lies to the left or the right of the largest, at a distance."""
    aside = max(part.left - largest.right, largest.left - part.right)
    return aside > ASIDE * largest.longer_side


def _is_beside(part: Component, largest: Component) -> bool:
    """Whether a component is another digit: to the left or right of the largest, and as tall."""
    tall, tallest = part.height, largest.height
    apart = part.left >= largest.right or part.right <= largest.left
    as_tall = min(tall, tallest) >= AS_TALL * max(tall, tallest)
    return apart and as_tall and part.area >= DIGIT * largest.area


def _is_frame(part: Component, height: int, width: int) -> bool:
    """Whether a component is a line along the picture's border, or the whole frame."""
    at_side = part.left == 0 or part.right == width
    at_end = part.top == 0 or part.bottom == height
    thin = part.area < 0.15 * height * width
    around = part.left == 0 and part.top == 0 and part.right == width and part.bottom == height
    along_side = at_side and part.height > FRAME * height and part.width < 0.1 * width
    along_end = at_end and part.width > FRAME * width and part.height < 0.1 * height
    return thin and (around or along_side or along_end)
