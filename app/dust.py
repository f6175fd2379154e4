"""Ink that is dust: spray, chalk and crayon leave grains that have to be seen as one stroke."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.components import label_components
from app.morphology import Plane, dilate, erode

LONGEST_RUN = 5
"""Pixels of ink in a row, on average, up to which it may be dust."""
FEWEST_GRAINS = 20
"""Parts from which on ink may be dust."""
SCATTERED = 0.8
"""Share of the ink that the largest part covers at most if it is dust, and at least once the grains
are joined: of print much more stays apart."""
REACH = 0.008
"""Half the gap that is closed between grains, as a share of the picture's longer side."""


def join_grains(amount: Plane, mask: NDArray[np.bool_]) -> tuple[Plane, NDArray[np.bool_]] | None:
    """Ink and mask ``[H, W]`` without the gaps between grains of dust; None if it is none."""
    edges = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    if 2 * np.count_nonzero(mask) > LONGEST_RUN * edges:
        return None
    _, grains = label_components(mask)
    if len(grains) < FEWEST_GRAINS or _largest_share([one.area for one in grains]) > SCATTERED:
        return None
    radius = max(1, round(REACH * max(mask.shape)))
    closed = _closed(mask.astype(np.float32), radius) > 0
    _, parts = label_components(closed)
    if _largest_share([one.area for one in parts]) < SCATTERED:
        return None
    return _closed(amount, radius), closed


def _closed(amount: Plane, radius: int) -> Plane:
    closed = erode(dilate(np.pad(amount, radius), radius), radius)
    return closed[radius:-radius, radius:-radius]


def _largest_share(areas: list[int]) -> float:
    return max(areas) / sum(areas)
