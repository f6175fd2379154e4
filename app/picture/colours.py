"""Ink that differs from the paper by its colour, where luminance hides some or all of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageStat

from app.picture.components import bounding_box
from app.picture.histograms import histogram, quantile
from app.picture.morphology import Tones
from app.picture.polarity import border
from app.picture.shrinking import LARGEST_SIDE, shrunk
from app.picture.transparency import has_transparency, on_paper

SAMPLE = 100
"""Longer side, in pixels, of a sample that is enough to tell whether that is so, or up to twice as
much."""
EVEN = 12
"""Difference from the border's median, in each channel (of 255), up to which it has that colour."""
MOSTLY = 0.9
"""Share of the border that has one colour, at least."""
LEAST, FAR = 64, 0.4
"""Difference from that colour from which on a pixel is ink (of 255, the greatest of its channels),
and as a share of the greatest difference."""
HIDDEN = 0.15
"""Share of the ink whose luminance is nearer to the paper's than half of that, at least."""
PALE = 0.8
"""How far hidden ink is from the paper, as a share of how far the rest is, below which it may be a
highlighter's, which is paler than the pen that it goes over."""
PATCH = 0.45
"""Share of its box that such ink fills from which on it is; digits fill less, but for narrow 1s."""
NARROW = 0.5
"""Shorter side of that box, as a share of the longer, below which it is a 1's."""
FULL = 0.3
"""Share of the ink that is not full; the rest is."""


def distance_from_paper(picture: Image.Image, grey: Tones) -> Tones | None:
    """How far each pixel's colour is from that of the paper, in place of how bright it is.

    As where ink of many colours crosses the paper's luminance: of a rainbow on grey, green and
    violet were lost, of a colour map that goes from blue over white to red either end.

    Args:
        picture: of mode RGB.
        grey: its brightness, uint8 ``[H, W]``.

    Returns:
        uint8 ``[H, W]``, the paper black or white, whichever it is nearer to; None if the paper has
        several colours, if brightness shows nearly all ink, or if what it hides is a highlighter's.
    """
    step = max(max(picture.size) // SAMPLE, 1)
    size = max(picture.width // step, 1), max(picture.height // step, 1)
    some = picture.resize(size, Image.Resampling.NEAREST)
    paper = np.median(border(np.asarray(some)), axis=0).round().astype(np.uint8)
    some_grey = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.NEAREST))
    if not _hides_ink(_distance(some, paper), some_grey):
        return None
    distance = _distance(picture, paper)
    full = max(quantile(histogram(distance[_ink(distance)][None]), FULL), 1)
    amount = (np.minimum(distance, full) * (255 / full)).astype(np.uint8)
    return amount if np.median(border(grey)) < 128 else ~amount


def _distance(picture: Image.Image, colour: NDArray[np.uint8]) -> Tones:
    """How far each pixel of mode RGB is from a colour ``[3]``, by its furthest channel."""
    flat = Image.new("RGB", picture.size, tuple(colour.tolist()))
    red, green, blue = ImageChops.difference(picture, flat).split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def _ink(distance: Tones) -> NDArray[np.bool_]:
    far: NDArray[np.bool_] = distance >= max(LEAST, FAR * distance.max())
    return far


def _hides_ink(distance: Tones, grey: Tones) -> bool:
    """Whether brightness ``[H, W]`` hides ink that is at a distance from paper of one colour."""
    if (border(distance) <= EVEN).mean() < MOSTLY:
        return False
    ink = _ink(distance)
    tone = np.uint8(np.median(border(grey)))
    shows = np.maximum(grey, tone) - np.minimum(grey, tone) >= distance / 2
    hidden, shown = distance[ink & ~shows], distance[ink & shows]
    if len(hidden) == 0 or len(hidden) < HIDDEN * (len(hidden) + len(shown)):
        return False
    pale = len(shown) > 0 and np.median(hidden) < PALE * np.median(shown)
    return not (pale and _is_patch(ink))


def _is_patch(ink: NDArray[np.bool_]) -> bool:
    """Whether ink fills more of its box than a digit does."""
    left, top, right, bottom = bounding_box(ink)
    shorter, longer = sorted((right - left, bottom - top))
    filled = np.count_nonzero(ink) > PATCH * shorter * longer
    return bool(filled and shorter >= NARROW * longer)


def clearest_channel(picture: Image.Image) -> Image.Image:
    """Of red, green and blue the one whose tones differ most, mode L, shrunk if large."""
    if has_transparency(picture):
        picture = on_paper(picture.convert("RGBA"))
    channels = shrunk(picture.convert("RGB"), LARGEST_SIDE).split()
    return max(channels, key=lambda channel: ImageStat.Stat(channel).var[0])
