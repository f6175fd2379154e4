"""Histograms of tones, int ``[256]``: how many pixels have each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.morphology import Tones

Counts = NDArray[np.intp]

LEAST_CONTRAST = 20
"""Difference (of 255) below which two tones are not ink and paper."""


def histogram(tones: Tones) -> Counts:
    """Of tones uint8 ``[H, W]``; Pillow takes a third of the time of ``np.bincount``."""
    return np.array(Image.fromarray(tones).histogram(), dtype=np.intp)


def otsu(counts: Counts) -> int:
    """The last tone of the darker class, best told from the brighter (Otsu 1979)."""
    weight = counts.cumsum()
    total = (counts * np.arange(256)).cumsum()
    below = total / np.maximum(weight, 1)
    above = (total[-1] - total) / np.maximum(weight[-1] - weight, 1)
    between = weight * (weight[-1] - weight) * (below - above) ** 2
    best = np.flatnonzero(between == between.max())
    return int(best.mean())


def contrast(counts: Counts, threshold: int) -> int:
    """Difference of the medians of what is above a threshold and of what is not."""
    low, high = counts[: threshold + 1], counts[threshold + 1 :]
    return threshold + 1 + quantile(high, 0.5) - quantile(low, 0.5)


def separation(counts: Counts, threshold: int) -> float:
    """Share of the variance of a histogram that its two classes explain; 0 if one is empty."""
    tones, total = np.arange(256), counts.sum()
    low, high = counts[: threshold + 1], counts[threshold + 1 :]
    if not (low.any() and high.any()):
        return 0.0
    mean = (counts * tones).sum() / total
    below = (low * tones[: threshold + 1]).sum() / low.sum()
    above = (high * tones[threshold + 1 :]).sum() / high.sum()
    between = low.sum() * high.sum() / total**2 * (above - below) ** 2
    return float(between / ((counts * (tones - mean) ** 2).sum() / total))


def quantile(counts: Counts, share: float) -> int:
    """The least index up to which a histogram holds the share of its sum."""
    return int(np.searchsorted(counts.cumsum(), share * counts.sum()))


def spread(tones: Tones) -> int:
    """Range of tones, but for a twentieth at either end."""
    counts = histogram(tones)
    return quantile(counts, 0.95) - quantile(counts, 0.05)
