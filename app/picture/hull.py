"""The shape of a mask as seen from outside, in 180 directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import bounding_box

NORMALS = np.stack([turn(np.deg2rad(np.arange(0, 360, 2))) for turn in (np.cos, np.sin)], axis=1)
"""Directions that a side may face, float64 ``[180, 2]``, along x and y."""


def quadrilateral_share(mask: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> float:
    """Share of a narrow quadrilateral around a mask, as far as it is in the picture, that is set.

    Each side, of four, is the line beside the mask that most of what is left lies beyond.
    """
    for _ in range(4):
        side = np.count_nonzero(beyond, axis=1).argmax()
        beyond = beyond[:, ~beyond[side]]
    area = np.count_nonzero(mask)
    return float(area / (area + beyond.shape[1]))


def hull_share(mask: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> float:
    """Share of the convex hull of a mask that is set."""
    area = np.count_nonzero(mask)
    return float(area / (area + np.count_nonzero(~beyond.any(axis=0))))


def roundness(mask: NDArray[np.bool_]) -> float:
    """The least width of a mask over its greatest, of those in all directions."""
    furthest = _furthest(mask)[:, 0]
    widths = furthest + np.roll(furthest, len(NORMALS) // 2) + 1
    return float(widths.min() / widths.max())


def beyond_lines(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the N pixels of its box that are not set lie beyond which line, ``[180, N]``."""
    left, top, right, bottom = bounding_box(mask)
    mask = mask[top:bottom, left:right]
    return inside_of_lines(mask, ~mask) < 0


def inside_of_lines(mask: NDArray[np.bool_], pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far pixels, a mask of N, lie inside of each of the lines beside a mask: ``[180, N]``."""
    distances: NDArray[np.float64] = _furthest(mask) - NORMALS @ np.argwhere(pixels)[:, ::-1].T
    return distances


def _furthest(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far a mask reaches in each direction, float64 ``[180, 1]``."""
    reach: NDArray[np.float64] = (NORMALS @ np.argwhere(mask)[:, ::-1].T).max(axis=1, keepdims=True)
    return reach
