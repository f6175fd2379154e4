"""Whether the ink is darker than the paper."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.edges import away_from_edges, sharpness
from app.picture.histograms import (
    LEAST_CONTRAST,
    contrast,
    histogram,
    otsu,
    quantile,
    separation,
    spread,
)
from app.picture.morphology import Tones, closing
from app.picture.shrinking import shrunk

UNEVEN_PAPER = 25
"""Range of tones along the border (of 255) above which the paper is unevenly lit."""
LEAST_WHITE = 200
"""Brightest tone (of 255) below which a picture is dim, and less of a range is uneven."""
TWO_TONES = 0.95
"""Share of the variance of the tones that ink and paper explain, where there is nothing else."""
SOFT = 2
"""Outermost pixels in which strokes may reach a border: their edges are soft."""
WIDEST_CONTACT = 0.35
"""Share of a border that strokes cover at most, at one of two opposite borders that they reach, if
what is between them is thinner than they are."""
DEEPEST = 0.3
"""How far strokes along a border go on from it, on average over its length, at most: a share of the
picture's height or width."""
CLEAR_MINORITY = 0.35
"""Share of the pixels below which the rarer of two tones is ink, whatever the border says."""
RARE = 0.25
"""Share of the pixels below which dark is ink on uneven paper too, if the border is mostly bright:
print makes it uneven. What is rare and bright may be all that a lamp lights."""
THUMBNAIL = 96
"""Longer side, in pixels, of what is enough to tell strokes from what they are drawn on."""
RADII = (1, 2, 4, 8)
"""Half the widths of strokes in the thumbnail."""
STANDS_OUT = 0.3
"""Share of the greatest contrast from which on something may be a stroke."""
THINNESS = 2.5
"""Power of the width by which the area of that width is divided. The first gives the length of the
strokes, the second gives it in widths; of 3,600 made-up photos 2 gets 23 wrong, 2.5 six, 3 12."""


def find_polarity(grey: Tones) -> tuple[bool, bool]:
    """Whether the ink is darker than the paper, and whether the paper is evenly lit.

    On even paper the border is paper, mostly, and ink is the rarer tone, mostly. Where the two
    disagree a clear minority is ink: frames darken borders. An uneven border is even paper too, if
    strokes reach it from one side to the other and all else is of one tone: it is cropped closely.
    On other paper what is thin is ink, or dark and rare. Where both tones are paper, ink is what is
    furthest from it.

    Args:
        grey: uint8 ``[H, W]`` of more than one tone.
    """
    counts = histogram(grey)
    threshold = otsu(counts)
    edge = border(grey)
    dark_share = float(counts[: threshold + 1].sum() / counts.sum())
    difference = contrast(counts, threshold)
    if difference < LEAST_CONTRAST:
        middle = quantile(counts, 0.5)
        dark = middle - int(grey.min()) > int(grey.max()) - middle
    elif min(dark_share, 1 - dark_share) < CLEAR_MINORITY:
        dark = dark_share < 1 - dark_share
    else:
        dark = bool(np.median(edge) > threshold)
    if spread(edge) <= UNEVEN_PAPER * min(1, grey.max() / LEAST_WHITE):
        return dark, True
    if _is_cut_out(grey, threshold, difference, dark):
        return dark, True
    rare = dark_share < RARE and bool(np.median(edge) > threshold)
    return rare or strokes_are_dark(grey), False


def strokes_are_dark(grey: Tones) -> bool:
    """Whether what is thin and long is darker than what is around it.

    A closing fills what is dark and thinner than its square, an opening what is bright. Growing
    squares so tell how much there is of each width, dark and bright.

    Args:
        grey: uint8 ``[H, W]``.
    """
    small = np.asarray(shrunk(Image.fromarray(grey), THUMBNAIL))
    both = np.stack([small, ~small])
    thinner = [closing(both, radius) - both for radius in RADII]  # than each square
    least = STANDS_OUT * thinner[-1].max()
    amounts = [np.where(hat > least, hat, 0).sum(axis=(1, 2)) for hat in thinner]
    widths = 2.0 * np.array(RADII) + 1
    dark, bright = np.diff(amounts, axis=0, prepend=0).T @ widths**-THINNESS
    return bool(dark >= bright)


def _is_cut_out(grey: Tones, threshold: int, difference: int, dark: bool) -> bool:
    """Whether it is strokes that make the border uneven, since the digit was cut out along them.

    Args:
        grey: uint8 ``[H, W]``.
        threshold: the last tone of the darker of the two.
        difference: of the tones of ink and paper.
        dark: whether the ink is the darker.
    """
    ink = (grey <= threshold) == dark
    contact = _contact(ink)
    if contact == 0 or not _is_shallow(ink):
        return False
    if contact > WIDEST_CONTACT and strokes_are_dark(grey) != dark:
        return False
    half_an_edge = math.ceil(difference / 2 / sharpness(grey, threshold))
    flat = away_from_edges(ink, min(half_an_edge, max(grey.shape)))
    if flat[~ink].any() and not flat[ink].any():  # strokes are as thin as their edges
        return True
    return separation(histogram(grey[flat][None]), threshold) > TWO_TONES


def _contact(mask: NDArray[np.bool_]) -> float:
    """Share of a border that is covered, at the lesser of two opposite ones that are reached.

    0 if no two are.
    """
    covered = (float(side[:SOFT].any(axis=0).mean()) for side in _from_each_border(mask))
    top, bottom, left, right = covered
    return min(filter(None, (min(top, bottom), min(left, right))), default=0.0)


def _is_shallow(mask: NDArray[np.bool_]) -> bool:
    """Whether what reaches the borders goes on from none as deep as a sheet or a shadow does."""
    sides = _from_each_border(mask)
    return all(np.logical_and.accumulate(side).mean() <= DEEPEST for side in sides)


def _from_each_border(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """The mask with its top, bottom, left and right border first."""
    return mask, mask[::-1], mask.T, mask.T[::-1]


def border(tones: Tones) -> Tones:
    """The outermost pixels, in a row."""
    return np.concatenate([tones[0], tones[-1], tones[:, 0], tones[:, -1]])
