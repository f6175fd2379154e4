"""A sheet of paper, a note or a card, that lies on something of another tone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.components import bounding_box, label_components
from app.histograms import histogram, otsu
from app.morphology import Tones, square_max

THUMBNAIL = 96
"""Longer side, in pixels, of what is enough to tell a sheet, or up to twice as much; in smaller
pictures none is sought."""
LEAST_SHEET, MOST_SHEET = 0.02, 0.93
"""Share of the picture that a sheet covers; what covers more needs no telling from the rest."""
LEAST_WRITING, MOST_WRITING = 0.01, 0.3
"""Share of a sheet that its writing covers; the hole of a bold 0 covers more of it."""
ONE_WRITING = 0.25
"""Share of all writing that its largest part covers at least; grain and dots have many parts."""
SOLID = 0.4
"""Share of its upright box that a sheet covers at least, however it is turned; most digits less."""
FOUR_SIDES = 0.97
"""Share of a quadrilateral around it that a sheet covers at least; an ellipse covers 0.79."""
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


def find_sheet(grey: Tones) -> Sheet | None:
    """The sheet of a picture uint8 ``[H, W]``, or None.

    It is the largest part of one of two tones, has four straight sides, as far as they are in the
    picture, and a few holes: the writing. A shadow or a bold digit lacks one or the other.
    """
    if max(grey.shape) < THUMBNAIL:
        return None
    small = np.asarray(Image.fromarray(grey).reduce(max(grey.shape) // THUMBNAIL))
    bright = small > otsu(histogram(small))
    for tone, dark in ((bright, True), (~bright, False)):
        if tone.mean() < LEAST_SHEET or _covers_border(tone):
            continue
        mask = _written_on(tone)
        if mask is not None and _quadrilateral_share(mask) >= FOUR_SIDES:
            return Sheet(mask, dark)
    return None


def _covers_border(mask: NDArray[np.bool_]) -> bool:
    return bool(mask[0].all() and mask[-1].all() and mask[:, 0].all() and mask[:, -1].all())


def _written_on(tone: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The largest component with its holes, if it may be a sheet and they may be writing."""
    height, width = tone.shape
    labels, parts = label_components(tone)
    largest = max(parts, key=lambda part: part.area)
    if largest.area < LEAST_SHEET * tone.size or largest.fill < SOLID:
        return None
    labels, parts = label_components(labels != largest.label)
    holes = [part for part in parts if not part.is_cut(height, width)]
    written = sum(hole.area for hole in holes)
    whole = largest.area + written
    if not LEAST_WRITING < written / whole < MOST_WRITING or whole > MOST_SHEET * tone.size:
        return None
    if max(hole.area for hole in holes) < ONE_WRITING * written:
        return None
    mask: NDArray[np.bool_] = np.isin(labels, [0, *(hole.label for hole in holes)])
    return mask


def _quadrilateral_share(mask: NDArray[np.bool_]) -> float:
    """Share of a narrow quadrilateral around a mask, as far as it is in the picture, that is set.

    Each side, of four, is the line beside the mask that most of what is left lies beyond.
    """
    left, top, right, bottom = bounding_box(mask)
    mask = mask[top:bottom, left:right]
    rest, area = np.argwhere(~mask)[:, ::-1], np.count_nonzero(mask)
    furthest = (NORMALS @ np.argwhere(mask)[:, ::-1].T).max(axis=1)
    beyond = furthest[:, None] < NORMALS @ rest.T
    for _ in range(4):
        side = np.count_nonzero(beyond, axis=1).argmax()
        beyond = beyond[:, ~beyond[side]]
    return float(area / (area + beyond.shape[1]))
