"""By how much straight lines are turned, and what they look like upright."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.morphology import Scalar, surrounded

TURNED = 6
"""Degrees by which lines may be turned, at most."""
SAMPLE = 2000
"""Pixels that are enough to tell by how much."""
BANDS = 16
"""Bands in which lines are looked for first, a little turned or not."""
EACH = 4
"""Of so many columns one is enough to tell that there is no line."""


def bands(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The share of columns with ink in each two neighbours of 16 bands of rows, ``[15]``."""
    begins = np.linspace(0, len(mask), BANDS, endpoint=False).astype(np.intp)
    some = np.logical_or.reduceat(mask[:, ::EACH], begins)
    share: NDArray[np.float64] = (some[1:] | some[:-1]).mean(axis=1)
    return share


def turn(mask: NDArray[np.bool_]) -> float:
    """Degrees by which a mask has to be turned for its lines to be upright.

    Its projections have the sharpest peaks then (Postl 1986).
    """
    places = np.stack(np.nonzero(mask)) - np.array(mask.shape)[:, None] // 2
    if places.shape[1] > SAMPLE:
        places = np.random.default_rng(0).choice(places, SAMPLE, axis=1, replace=False)
    y, x = places
    best = 0.0
    for turns in (np.arange(-TURNED, TURNED + 0.1, 0.5), np.arange(-0.4, 0.45, 0.1)):
        angles = np.deg2rad(best + turns)[:, None]
        cos, sin = np.cos(angles), np.sin(angles)
        sharpness = _sharpness(cos * x + sin * y) + _sharpness(cos * y - sin * x)
        best += float(turns[sharpness.argmax()])
    return best


def _sharpness(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sum of the squares of the histogram of each row of places ``[N, P]``."""
    bins = np.rint(places - places.min()).astype(np.intp)
    count, size = len(bins), int(bins.max()) + 1
    bins += size * np.arange(count)[:, None]
    counts = np.bincount(bins.ravel(), minlength=count * size).reshape(count, size)
    squares: NDArray[np.int64] = (counts**2).sum(axis=1)
    return squares


def turned(values: NDArray[Scalar], degrees: float, margin: int) -> NDArray[Scalar]:
    """Values ``[H, W]``, bool or uint8, turned counterclockwise about their centre.

    Args:
        values: in a margin of zeros first if that is positive, and cut by it after, if negative.
        degrees: of the turn.
        margin: pixels.
    """
    wide = surrounded(values, max(margin, 0))
    image = Image.fromarray(wide.view(np.uint8))
    smooth = Image.Resampling.NEAREST if values.dtype == bool else Image.Resampling.BILINEAR
    result = np.asarray(image.rotate(degrees, smooth)).view(values.dtype)
    return result[-margin:margin, -margin:margin] if margin < 0 else result


def thick(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask and a pixel above and below: its lines have no gaps then, however little turned."""
    result = mask.copy()
    result[1:] |= mask[:-1]
    result[:-1] |= mask[1:]
    return result


def runs(full: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place, exclusive, of each run of what is true, of ``[N]``."""
    edges = np.flatnonzero(np.diff(full, prepend=False, append=False)).reshape(-1, 2)
    return [(begin, end) for begin, end in edges.tolist()]
