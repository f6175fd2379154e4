"""Connected components of a mask."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are exclusive."""


class Component(NamedTuple):
    """Ink that hangs together, diagonals included: its box (exclusive ends) and area in pixels."""

    label: int
    left: int
    top: int
    right: int
    bottom: int
    area: int

    @property
    def where(self) -> tuple[slice, slice]:
        """Its box, as rows and columns of the picture."""
        return np.s_[self.top : self.bottom, self.left : self.right]

    @property
    def width(self) -> int:
        """Of the box, in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Of the box, in pixels."""
        return self.bottom - self.top

    @property
    def longer_side(self) -> int:
        """Of the box, in pixels."""
        return max(self.width, self.height)

    @property
    def shorter_side(self) -> int:
        """Of the box, in pixels."""
        return min(self.width, self.height)

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
        return self.area / (self.width * self.height)

    def gap(self, other: Component) -> int:
        """Pixels between the two boxes, the greater of both directions; 0 if they touch."""
        x = max(self.left, other.left) - min(self.right, other.right)
        y = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(x, y, 0)


def union(parts: list[Component]) -> Component:
    """Components as one, labelled like the first."""
    return Component(
        label=parts[0].label,
        left=min(part.left for part in parts),
        top=min(part.top for part in parts),
        right=max(part.right for part in parts),
        bottom=max(part.bottom for part in parts),
        area=sum(part.area for part in parts),
    )


def groups(near: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Those of N that are near each other, directly or by others.

    Args:
        near: bool ``[N, N]``, symmetric; the diagonal does not matter.

    Returns:
        The indices of each group, ascending.
    """
    group = np.arange(len(near))
    near = near | np.eye(len(near), dtype=bool)
    while True:
        least = np.where(near, group, len(near)).min(axis=1)
        if (least == group).all():
            return [np.flatnonzero(group == one) for one in np.unique(group)]
        group = least


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The box of what is set in a mask ``[H, W]`` that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def label_components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], list[Component]]:
    """Label the 8-connected components of a mask ``[H, W]``.

    Runs of ink in each row hang together with the runs that they touch in the row above (Rosenfeld
    and Pfaltz 1966): the first of these all at once, further ones, where strokes meet, one by one.

    Returns:
        Labels int32 ``[H, W]``, 0 for paper and 1.. for the components, in this order, which is
        that of their first pixels: the list.
    """
    height, width = mask.shape
    stride = width + 1  # a pixel of paper ends each row
    flat = np.zeros(height * stride + 1, dtype=bool)
    flat[1:].reshape(height, stride)[:, :width] = mask
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    labels = np.zeros(mask.shape, dtype=np.int32)
    if len(changes) == 0:
        return labels, []
    starts, ends = changes[::2], changes[1::2]
    touched = (
        np.searchsorted(ends, starts - stride),
        np.searchsorted(starts, ends - stride, "right"),
    )
    tops = _tops(*touched)
    numbers = (np.cumsum(tops == np.arange(len(tops))) - 1)[tops]
    lengths = ends - starts
    labels[mask] = np.repeat(numbers + 1, lengths)
    runs = np.argsort(numbers, kind="stable")
    begins = np.flatnonzero(np.diff(numbers[runs], prepend=-1))
    rows = starts // stride
    left, right = starts - stride * rows, ends - stride * rows
    lefts, uppers = (np.minimum.reduceat(each[runs], begins) for each in (left, rows))
    rights, lowers = (np.maximum.reduceat(each[runs], begins) for each in (right, rows + 1))
    areas = np.add.reduceat(lengths[runs], begins)
    table = np.stack([np.arange(1, len(begins) + 1), lefts, uppers, rights, lowers, areas], axis=1)
    return labels, list(map(Component._make, table.tolist()))


def having(labels: NDArray[np.int32], numbers: list[int]) -> NDArray[np.bool_]:
    """Where labels are among the numbers, bool ``[H, W]``."""
    some: NDArray[np.bool_]
    some = labels == numbers[0] if len(numbers) == 1 else np.isin(labels, numbers)
    return some


def _tops(begins: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """For each run the first run of its component, int ``[N]``.

    Args:
        begins, ends: int ``[N]``; each run touches those runs before it, which may be none.
    """
    above = np.where(ends > begins, begins, np.arange(len(begins)))
    while not np.array_equal(further := above[above], above):
        above = further
    more = ends - begins - 1
    meeting = np.flatnonzero(more > 0)
    if len(meeting) == 0:
        return above
    more = more[meeting]
    further = np.arange(more.sum()) + np.repeat(begins[meeting] + 1 - np.cumsum(more) + more, more)
    first = list(range(len(above)))

    def top(run: int) -> int:
        while first[run] != run:
            first[run] = first[first[run]]
            run = first[run]
        return run

    pairs = above[np.repeat(meeting, more)].tolist(), above[further].tolist()
    for one, other in zip(*pairs, strict=True):
        earlier, later = sorted((top(one), top(other)))
        first[later] = earlier
    joined = np.arange(len(above))
    for run in set().union(*pairs):
        joined[run] = top(run)
    return joined[above]
