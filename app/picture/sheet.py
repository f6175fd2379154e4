"""A sheet of paper, a note, a card or a badge, that lies on something of another tone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.badge import is_badge
from app.picture.components import Component, having, label_components
from app.picture.histograms import histogram, otsu
from app.picture.hull import beyond_lines, hull_share, quadrilateral_share
from app.picture.morphology import Tones, square_max

SMALLEST = 40
"""Longer side, in pixels, of a picture from which on a sheet is sought."""
THUMBNAIL = 96
"""Longer side, in pixels, of what is enough to tell a sheet, or up to twice as much."""
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
        share: of their area that is its.
        dark: whether they are darker than the component.
    """

    mask: NDArray[np.bool_]
    writing: NDArray[np.bool_]
    share: float
    dark: bool


def find_sheet(grey: Tones) -> Sheet | None:
    """The sheet of a picture uint8 ``[H, W]``, or None.

    It is a large part of one of two tones, and has a few holes: the writing. It has four straight
    sides, as far as they are in the picture, or is a badge: convex, and its writing can't be the
    hole of a 0. A shadow or a bold digit lacks one or the other. Of several it is the largest that
    no other lies on.
    """
    if max(grey.shape) < SMALLEST:
        return None
    small = np.asarray(Image.fromarray(grey).reduce(max(max(grey.shape) // THUMBNAIL, 1)))
    bright = small > otsu(histogram(small))
    sheets: list[_Candidate] = []
    lies_on_some = True
    for tone, dark in sorted(
        [(bright, True), (~bright, False)], key=lambda one: _covers_border(one[0])
    ):
        if _covers_border(tone) and not lies_on_some:
            continue  # a sheet of the tone that is all around would lie on something of the other
        labels, parts = label_components(tone)
        large = _large(parts, tone.size)
        sheets += [one for one in _written_on(labels, large, dark) if _is_sheet(one, tone)]
        lies_on_some = bool(large)
    bare = [one for one in sheets if not any(_lies_on(other, one) for other in sheets)]
    largest = max(bare, key=lambda one: np.count_nonzero(one.mask), default=None)
    return None if largest is None else Sheet(largest.mask, largest.dark)


def _is_sheet(one: _Candidate, tone: NDArray[np.bool_]) -> bool:
    beyond = beyond_lines(one.mask)
    if quadrilateral_share(one.mask, beyond) >= FOUR_SIDES:
        return True
    return hull_share(one.mask, beyond) >= CONVEX and is_badge(
        one.mask, one.writing, one.share, tone
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


def _large(parts: list[Component], size: int) -> list[Component]:
    """The components of one tone that cover as much of a picture, and of their box, as a sheet."""
    largest = max((part.area for part in parts), default=0)
    return [
        part
        for part in parts
        if part.area >= (LEAST_SHEET if part.area == largest else LEAST_OTHER) * size
        and part.fill >= SOLID
    ]


def _written_on(
    labels: NDArray[np.int32], parts: list[Component], dark: bool
) -> Iterator[_Candidate]:
    """Components, labelled, with holes that may be writing."""
    for part in parts:
        component = labels == part.label
        if _covers_border(component):
            continue
        around, others = label_components(~component)
        holes = [other for other in others if not other.is_cut(*labels.shape)]
        written = sum(hole.area for hole in holes)
        whole = part.area + written
        if not LEAST_WRITING < written / whole < MOST_WRITING or whole > MOST_SHEET * labels.size:
            continue
        largest = max(holes, key=lambda hole: hole.area)
        if largest.area >= ONE_WRITING * written:
            mask = component | having(around, [hole.label for hole in holes])
            yield _Candidate(mask, around == largest.label, largest.area / written, dark)
