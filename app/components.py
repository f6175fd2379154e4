"""Connected components of a mask, and which of them belong to the digit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are exclusive."""

SPECK = 0.03
"""Share of the largest component's area below which another is a speck, if it lies apart."""
GRAIN = SPECK / 4
"""The same for what does not belong to the digit however close it is."""
NEAR = 0.25
"""Gap, as a share of the largest component's longer side, within which parts belong together."""
CLOSE = 0.06
"""The same for specks, for what the border cuts, and in a crowd."""
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
class Component:
    """Ink that hangs together, diagonals included: its box (exclusive ends) and area in pixels."""

    label: int
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def longer_side(self) -> int:
        """Of the box, in pixels."""
        return max(self.right - self.left, self.bottom - self.top)

    def encloses(self, other: Component) -> bool:
        """Whether the other's box lies within its own."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def is_cut(self, height: int, width: int) -> bool:
        """Whether it reaches the border of the picture."""
        at_side = self.left == 0 or self.right == width
        return at_side or self.top == 0 or self.bottom == height

    @property
    def fill(self) -> float:
        """Share of its box that it covers."""
        return self.area / ((self.right - self.left) * (self.bottom - self.top))

    def gap(self, other: Component) -> int:
        """Pixels between the two boxes, the greater of both directions; 0 if they touch."""
        x = max(self.left, other.left) - min(self.right, other.right)
        y = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(x, y, 0)


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The box of what is set in a mask ``[H, W]`` that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def label_components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[Component]]:
    """Label the 8-connected components of a mask ``[H, W]``.

    Runs of ink in each row are joined with the runs that they touch in the row above, by
    union-find (Rosenfeld and Pfaltz 1966): the work in Python is a few steps a run, not a pixel.

    Returns:
        Labels int32 ``[H, W]``, 0 for paper and 1.. for the components, in this order: the list.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    first = np.searchsorted(rows, np.arange(height + 1)).tolist()
    left, right = starts.tolist(), ends.tolist()
    for row in range(1, height):
        above, above_end = first[row - 1], first[row]
        for run in range(first[row], first[row + 1]):
            while above < above_end and right[above] < left[run]:
                above += 1
            touching = above
            while touching < above_end and left[touching] <= right[run]:
                parents[root(run)] = root(touching)
                touching += 1
    roots = np.array([root(run) for run in range(len(rows))], dtype=np.intp)
    _, numbers = np.unique(roots, return_inverse=True)
    lengths = ends - starts
    labels = np.zeros(mask.shape, dtype=np.int32)
    labels[mask] = np.repeat(numbers + 1, lengths)
    if len(rows) == 0:
        return labels, []
    runs = np.argsort(numbers, kind="stable")
    begins = np.flatnonzero(np.diff(numbers[runs], prepend=-1))
    lefts, tops = (np.minimum.reduceat(each[runs], begins) for each in (starts, rows))
    rights, bottoms = (np.maximum.reduceat(each[runs], begins) for each in (ends, rows + 1))
    areas = np.add.reduceat(lengths[runs], begins)
    table = np.stack([np.arange(1, len(begins) + 1), lefts, tops, rights, bottoms, areas], axis=1)
    return labels, [Component(*row) for row in table.tolist()]


@dataclass(frozen=True)
class FoundDigit:
    """The part of a mask that is the digit.

    Attributes:
        mask: bool ``[H, W]``, without frames along the border, specks, and other digits.
        several: whether there are other digits beside it.
    """

    mask: NDArray[np.bool_]
    several: bool


def find_digit(mask: NDArray[np.bool_], faint: NDArray[np.bool_]) -> FoundDigit:
    """The digit in a mask with ink on it: the largest component and what belongs to it.

    A 5's bar or a broken stroke is a component too, so what is near the largest stays, unless it
    stands beside it and is as tall: then it is another digit. Boxes around the digit, and what
    reaches into the picture from outside, do not count.

    Args:
        mask: bool ``[H, W]``, what counts as ink.
        faint: bool ``[H, W]``, what may be ink; lines that are broken in the mask are whole there.
    """
    height, width = mask.shape
    labels, components = label_components(mask)
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
        boxed = set(labels[_broken_box(labels, largest, faint)].tolist())
        kept, others = ([label for label in some if label not in boxed] for some in (kept, others))
    return FoundDigit(np.isin(labels, kept), several=bool(others))


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
    broken: NDArray[np.bool_] = np.isin(lines, boxes)
    return broken


def _is_boxed(part: Component, box: Component) -> bool:
    """Whether a component is a digit in a box of lines."""
    lines = box.fill < BOXED
    large = part.longer_side >= BOXED * box.longer_side and part.area >= DIGIT * box.area
    return lines and large and box.encloses(part) and part is not box


def _belongs(part: Component, largest: Component, nearness: float) -> bool:
    """Whether a smaller component is a part of the digit rather than a speck."""
    if part.longer_side > largest.longer_side:  # a line of the paper
        return False
    gap, area = part.gap(largest) / largest.longer_side, part.area / largest.area
    return (area >= SPECK and gap <= nearness) or (area >= GRAIN and gap <= CLOSE)


def _is_beside(part: Component, largest: Component) -> bool:
    """Whether a component is another digit: to the left or right of the largest, and as tall."""
    tall, tallest = part.bottom - part.top, largest.bottom - largest.top
    apart = part.left >= largest.right or part.right <= largest.left
    as_tall = min(tall, tallest) >= AS_TALL * max(tall, tallest)
    return apart and as_tall and part.area >= DIGIT * largest.area


def _is_frame(part: Component, height: int, width: int) -> bool:
    """Whether a component is a line along the picture's border, or the whole frame."""
    at_side = part.left == 0 or part.right == width
    at_end = part.top == 0 or part.bottom == height
    tall, wide = part.bottom - part.top, part.right - part.left
    thin = part.area < 0.15 * height * width
    around = part.left == 0 and part.top == 0 and part.right == width and part.bottom == height
    along_side = at_side and tall > FRAME * height and wide < 0.1 * width
    along_end = at_end and wide > FRAME * width and tall < 0.1 * height
    return thin and (around or along_side or along_end)
