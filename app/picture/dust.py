"""Ink that is dust: spray, chalk and crayon leave grains that have to be seen as one stroke."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.components import label_components
from app.picture.morphology import Tones, closing, surrounded

LONGEST_RUN = 5
"""Pixels of ink in a row, on average, up to which it may be dust."""
FEWEST_GRAINS = 20
"""Parts from which on ink may be dust."""
SCATTERED = 0.8
"""Share of the ink that the largest part covers at most if it is dust, and at least once the grains
are joined: of print much more stays apart."""
REACH = 0.008
"""Half the gap that is closed between grains, as a share of the picture's longer side."""


def join_grains(tones: Tones, threshold: int) -> Tones:
    """The gaps between grains of dust closed; all else as it is.

    Args:
        tones: how far each pixel is from the paper, uint8 ``[H, W]``.
        threshold: above which a pixel is ink.
    """
    mask = tones > threshold
    edges = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    if 2 * np.count_nonzero(mask) > LONGEST_RUN * edges:
        return tones
    if _most_parts(mask) < FEWEST_GRAINS:
        return tones
    areas = _areas(mask)
    if len(areas) < FEWEST_GRAINS or max(areas) > SCATTERED * sum(areas):
        return tones
    closed = closing(tones, max(1, round(REACH * max(tones.shape))))
    areas = _areas(closed > threshold)
    return closed if max(areas) >= SCATTERED * sum(areas) else tones


def _most_parts(mask: NDArray[np.bool_]) -> int:
    """How many parts there may be in a mask: above the first pixel of each there is no ink."""
    ink = surrounded(mask, 1)
    above = ink[:-2, :-2] | ink[:-2, 1:-1] | ink[:-2, 2:] | ink[1:-1, :-2]
    return int(np.count_nonzero(mask & ~above))


def _areas(mask: NDArray[np.bool_]) -> list[int]:
    return [part.area for part in label_components(mask)[1]]
