"""A sheet of paper, a note, a card or a badge, that lies on something of another tone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.components import bounding_box, having, label_components
from app.picture.histograms import histogram, otsu
from app.picture.morphology import Tones, square_max

THUMBNAIL = 96
"""Longer side, in pixels, of what is enough to tell a sheet, or up to twice as much; in smaller
pictures none is sought."""
LEAST_SHEET, MOST_SHEET = 0.02, 0.93
"""Share of the picture that a sheet covers; what covers more needs no telling from the rest."""
LEAST_WRITING, MOST_WRITING = 0.01, 0.3
"""Share of a sheet that its writing covers; the hole of a bold 0 covers more of it."""
ONE_WRITING = 0.25
"""Share of all writing that its largest part covers at least; grain and dots have many parts."""
LEAST_OTHER = 0.12
"""The same of one that is not the largest part of its tone: cells of ruled paper cover less."""
ON = 0.8
"""Share of a sheet that lies in the writing of another, from which on it lies on that."""
SOLID = 0.4
"""Share of its upright box that a sheet covers at least, however it is turned; most digits less."""
FOUR_SIDES = 0.97
"""Share of a quadrilateral around it that a sheet covers at least; an ellipse covers 0.79."""
CONVEX = 0.96
"""Share of its convex hull that a sheet without straight sides covers at least."""
ISLANDS = 0.1
"""Share of a hole that has the sheet's tone, from which on it is a loop of writing, as in a 6."""
CORE = 0.65
"""Share of a hole from which on it is the core of what is around it, as that of a bold 0."""
LOOP = 0.85
"""The same for a hole with an island in it, as of a 0 on a badge; more is a 0 with a dot."""
LEAST_SPAN = 0.42
"""Longer side of a badge's writing, as a share of the badge's; holes of an 8 have less."""
OFF_CENTRE = 0.12
"""How far the middles of both may be apart at most, as a share of the same."""
ROUND = 0.8
"""Shorter side of a badge as a share of the longer, at least; most bold 0s have less."""
NORMALS = np.stack([turn(np.deg2rad(np.arange(0, 360, 2))) for turn in (np.cos, np.sin)], axis=1)
"""Directions that a side may face, float64 ``[180, 2]``, along x and y."""
EDGE = 1
"""Pixels of the thumbnail along the sheet's edges that are left off: they are half table."""


@dataclass(frozen=True)
class Sheet:
    """A sheet that something is written on.

    Attributes:
        mask: bool ``[H, W]``, the sheet with its writing, in a thumbnail of the picture.
        dark: whether the writing is darker than the sheet.
    """

    mask: NDArray[np.bool_]
    dark: bool

    def alone(self, grey: Tones) -> Tones:
        """The picture uint8 ``[H, W]`` in which all around the sheet has the sheet's tone."""
        rest = square_max(np.pad(~self.mask, EDGE, mode="edge"), EDGE)
        height, width = grey.shape
        enlarged = Image.fromarray(rest).resize((width, height), Image.Resampling.NEAREST)
        around = np.asarray(enlarged)
        return np.where(around, np.median(grey[~around]).astype(np.uint8), grey)


class _Candidate(NamedTuple):
    """What may be a sheet.

    Attributes:
        mask: bool ``[H, W]``, a component with its holes.
        writing: bool ``[H, W]``, the largest of these.
        dark: whether they are darker than the component.
    """

    mask: NDArray[np.bool_]
    writing: NDArray[np.bool_]
    dark: bool


def find_sheet(grey: Tones) -> Sheet | None:
    """The sheet of a picture uint8 ``[H, W]``, or None.

    It is a large part of one of two tones, and has a few holes: the writing. It has four straight
    sides, as far as they are in the picture, or is a badge: convex, and its writing can't be the
    hole of a 0. A shadow or a bold digit lacks one or the other. Of several it is the largest that
    no other lies on.
    """
    if max(grey.shape) < THUMBNAIL:
        return None
    small = np.asarray(Image.fromarray(grey).reduce(max(grey.shape) // THUMBNAIL))
    bright = small > otsu(histogram(small))
    sheets = [
        one
        for tone, dark in ((bright, True), (~bright, False))
        for one in _written_on(tone, dark)
        if _is_sheet(one, tone)
    ]
    bare = [one for one in sheets if not any(_lies_on(other, one) for other in sheets)]
    largest = max(bare, key=lambda one: np.count_nonzero(one.mask), default=None)
    return None if largest is None else Sheet(largest.mask, largest.dark)


def _is_sheet(one: _Candidate, tone: NDArray[np.bool_]) -> bool:
    beyond = _beyond_lines(one.mask)
    return _quadrilateral_share(one.mask, beyond) >= FOUR_SIDES or (
        _hull_share(one.mask, beyond) >= CONVEX and _is_badge(one.mask, one.writing, tone)
    )


def _lies_on(other: _Candidate, one: _Candidate) -> bool:
    """Whether a sheet lies on another, for whose writing it was taken."""
    size = np.count_nonzero(other.mask)
    return bool(
        size < np.count_nonzero(one.mask)
        and np.count_nonzero(other.mask & one.writing) >= ON * size
    )


def _covers_border(mask: NDArray[np.bool_]) -> bool:
    return bool(mask[0].all() and mask[-1].all() and mask[:, 0].all() and mask[:, -1].all())


def _written_on(tone: NDArray[np.bool_], dark: bool) -> Iterator[_Candidate]:
    """The large components of a tone with holes that may be writing."""
    height, width = tone.shape
    labels, parts = label_components(tone)
    largest_area = max((part.area for part in parts), default=0)
    for part in parts:
        least = LEAST_SHEET if part.area == largest_area else LEAST_OTHER
        if part.area < least * tone.size or part.fill < SOLID:
            continue
        component = labels == part.label
        if _covers_border(component):
            continue
        around, others = label_components(~component)
        holes = [other for other in others if not other.is_cut(height, width)]
        written = sum(hole.area for hole in holes)
        whole = part.area + written
        if not LEAST_WRITING < written / whole < MOST_WRITING or whole > MOST_SHEET * tone.size:
            continue
        largest = max(holes, key=lambda hole: hole.area)
        if largest.area >= ONE_WRITING * written:
            mask = component | having(around, [hole.label for hole in holes])
            yield _Candidate(mask, around == largest.label, dark)


def _quadrilateral_share(mask: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> float:
    """Share of a narrow quadrilateral around a mask, as far as it is in the picture, that is set.

    Each side, of four, is the line beside the mask that most of what is left lies beyond.
    """
    for _ in range(4):
        side = np.count_nonzero(beyond, axis=1).argmax()
        beyond = beyond[:, ~beyond[side]]
    area = np.count_nonzero(mask)
    return float(area / (area + beyond.shape[1]))


def _hull_share(mask: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> float:
    """Share of the convex hull of a mask that is set."""
    area = np.count_nonzero(mask)
    return float(area / (area + np.count_nonzero(~beyond.any(axis=0))))


def _is_badge(mask: NDArray[np.bool_], hole: NDArray[np.bool_], tone: NDArray[np.bool_]) -> bool:
    """Whether a hole in a convex mask is writing, not that of a bold 0 or 8.

    The hole of a 0 lies deepest in it, and has nothing in it.
    """
    left, top, right, bottom = bounding_box(mask)
    x, y, x_end, y_end = bounding_box(hole)
    shorter, longer = sorted((right - left, bottom - top))
    off = max(abs(left + right - x - x_end), abs(top + bottom - y - y_end)) / 2
    if shorter < ROUND * longer or off > OFF_CENTRE * longer:
        return False
    if max(x_end - x, y_end - y) < LEAST_SPAN * longer:
        return False
    size = np.count_nonzero(hole)
    deepest = np.argpartition(-_inside_of_lines(mask, mask).min(axis=0), size)[:size]
    loop = np.count_nonzero(hole & tone) >= ISLANDS * size
    return bool(hole[mask][deepest].mean() < (LOOP if loop else CORE))


def _beyond_lines(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the N pixels of its box that are not set lie beyond which line, ``[180, N]``."""
    left, top, right, bottom = bounding_box(mask)
    mask = mask[top:bottom, left:right]
    return _inside_of_lines(mask, ~mask) < 0


def _inside_of_lines(mask: NDArray[np.bool_], pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far pixels, a mask of N, lie inside of each of the lines beside a mask: ``[180, N]``."""
    furthest = (NORMALS @ np.argwhere(mask)[:, ::-1].T).max(axis=1, keepdims=True)
    distances: NDArray[np.float64] = furthest - NORMALS @ np.argwhere(pixels)[:, ::-1].T
    return distances
