"""Connected components of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are exclusive."""


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
