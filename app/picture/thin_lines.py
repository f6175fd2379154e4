"""Lines across a picture that are thinner than the digit's strokes: paper seen at a slant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import having, label_components
from app.picture.morphology import Scalar, Tones, dilate, square_max, surrounded
from app.picture.upright import runs

THIN = 0.04
"""Width of a line where it meets the picture's edge, as a share of the longer side, at most."""
ENDS = 4
"""Such ends, at least: of two lines."""
LONG = 0.6
"""Length of what they belong to, as a share of the shorter side, at least; letters are shorter."""
THICKEST = 0.02
"""Half the width of such lines, as a share of the longer side, at most."""
LEAST = 0.12
"""Length of a stroke, as a share of the shorter side, at least; where lines cross is less."""
SOFT = 2
"""Pixels beside a line in which its edges are soft."""


def without_thin_lines(tones: Tones, threshold: int) -> Tones | None:
    """The picture without lines from edge to edge, turned or not, if its strokes are wider.

    Its ink is opened by the smallest square that no line fits into where it meets the edge.

    Args:
        tones: how far each pixel is from the paper, uint8 ``[H, W]``.
        threshold: above which a pixel is ink.

    Returns:
        The picture with paper in place of the lines; None if there are none, or no wider strokes.
    """
    if not has_thin_ends(tones, threshold):
        return None
    shorter, longer = sorted(tones.shape)
    mask = tones > threshold
    labels, parts = label_components(mask)
    long = having(labels, [part.label for part in parts if part.longer_side >= LONG * shorter])
    ends = _thin(_edges(long), longer)
    if not ends.any():
        return None
    for radius in range(1, round(THICKEST * longer) + 1):
        opened = _opened(mask, radius)
        if not (_edges(opened) & ends).any():
            break
    else:
        return None
    _, strokes = label_components(opened)
    if not any(
        stroke.longer_side >= LEAST * shorter and not stroke.is_cut(*mask.shape)
        for stroke in strokes
    ):
        return None
    kept = dilate(opened, radius) & mask
    gone = mask & ~kept
    beside = dilate(gone, SOFT) & ~dilate(kept, SOFT)
    paper = np.median(tones[~mask]).astype(np.uint8)
    return np.where(gone | beside, np.minimum(tones, paper), tones)


def has_thin_ends(tones: Tones, threshold: int) -> bool:
    """Whether as much that is thin meets the picture's edges as of two lines across it."""
    return bool(_thin(_edges(tones) > threshold, max(tones.shape)).any())


def _edges(plane: NDArray[Scalar]) -> NDArray[Scalar]:
    """The first and the last row and column of ``[H, W]``, one after the other, zeros between."""
    height, width = plane.shape
    edges = np.zeros((4, max(height, width) + 1), dtype=plane.dtype)
    edges[:2, :width], edges[2:, :height] = plane[[0, -1]], plane[:, [0, -1]].T
    return edges.reshape(-1)


def _thin(edges: NDArray[np.bool_], longer: int) -> NDArray[np.bool_]:
    """Where thin ink is along the edges, nowhere if there is less than of two lines.

    Args:
        edges: bool ``[N]``.
        longer: side of the picture, pixels.
    """
    where = np.zeros_like(edges)
    if not edges.any():
        return where
    widest = round(THIN * longer)
    thin = [(begin, end) for begin, end in runs(edges) if end - begin <= widest]
    for begin, end in thin if len(thin) >= ENDS else ():
        where[begin:end] = True
    return where


def _opened(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """What of a mask ``[H, W]``, taken to go on outside, squares of the radius fit into."""
    fits = ~square_max(np.pad(~mask, radius, mode="edge"), radius)
    return square_max(surrounded(fits, radius), radius)
