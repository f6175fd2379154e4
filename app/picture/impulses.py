"""Salt and pepper: single pixels that a sensor, a line or a scan has turned black or white."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.picture.morphology import Tones

STEP = 0.25
"""How far from the tones of all its neighbours such a pixel is, as a share of the picture's range.
"""
LEAST_SHARE = 0.01
"""Share of the picture that is such pixels, at least."""
EVERYWHERE = 0.5
"""The same along the picture's border, as a share of that, at least: grains of spray and chalk are
where the strokes are."""
BORDER = 1 / 7
"""Width of the border, as a share of the picture's shorter side; it has half of the pixels."""
SMALLEST = 20
"""Shorter side, in pixels, of a picture in which such pixels can be told from strokes."""
ROWS = 50
"""Looked at first, since hardly any picture has such pixels."""
SMALL = 40
"""Longer side, in pixels, below which strokes are too thin for a second median; in larger pictures
it removes what fell side by side."""


def without_impulses(grey: Tones) -> Tones:
    """A picture uint8 ``[H, W]`` with the median of each 3×3 if it has salt and pepper all over it.

    Any other stays as it is: a median takes away lines that are as thin as a pixel.
    """
    if min(grey.shape) < SMALLEST:
        return grey
    step = round(STEP * int(np.ptp(grey)))
    if _beside(grey[:: max(len(grey) // ROWS, 1)], step).mean() < LEAST_SHARE:
        return grey
    impulses = _impulses(grey, step)
    margin = max(round(BORDER * min(impulses.shape)), 1)
    border = np.ones_like(impulses)
    border[margin:-margin, margin:-margin] = False
    share = impulses.mean()
    if share < LEAST_SHARE or impulses[border].mean() < EVERYWHERE * share:
        return grey
    median = Image.fromarray(grey).filter(ImageFilter.MedianFilter(3))
    if max(grey.shape) >= SMALL:
        median = median.filter(ImageFilter.MedianFilter(3))
    return np.asarray(median)


def _beside(rows: Tones, step: int) -> NDArray[np.bool_]:
    """Which pixels stand out from those to the left and the right, bool ``[H, W - 2]``."""
    change = np.diff(rows.astype(np.int16))
    up, down = change > step, change < -step
    beside: NDArray[np.bool_] = (up[:, :-1] & down[:, 1:]) | (down[:, :-1] & up[:, 1:])
    return beside


def _impulses(grey: Tones, step: int) -> NDArray[np.bool_]:
    """Which pixels are brighter or darker than all eight around them, bool ``[H - 2, W - 2]``."""
    height, width = grey.shape
    shifted = {
        (y, x): grey[y : height - 2 + y, x : width - 2 + x] for y in range(3) for x in range(3)
    }
    here = shifted.pop((1, 1)).astype(np.int16)
    brightest, darkest = (reduce(pick, shifted.values()) for pick in (np.maximum, np.minimum))
    impulses: NDArray[np.bool_] = (here - brightest > step) | (darkest - here > step)
    return impulses
