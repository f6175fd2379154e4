"""Edges between ink and paper: how sharp they are, and what lies away from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.picture.morphology import Tones, square_max


def sharpness(tones: Tones, threshold: int) -> float:
    """Mean difference of the neighbouring pixels of which one only is above a threshold."""
    mask = tones > threshold
    across, down = mask[:, 1:] != mask[:, :-1], mask[1:] != mask[:-1]
    higher = np.concatenate([tones[:, 1:][across], tones[1:][down]]).astype(np.int16)
    lower = np.concatenate([tones[:, :-1][across], tones[:-1][down]])
    return float(np.abs(higher - lower).mean())


def away_from_edges(mask: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Which pixels ``[H, W]`` have none of the other kind in the square around them."""
    both = np.pad(np.stack([mask, ~mask]), [(0, 0), *[(distance, distance)] * 2], mode="edge")
    near = square_max(both, distance)
    away: NDArray[np.bool_] = ~(near[0] & near[1])
    return away
