"""Ink that differs from the paper by its colour, where luminance hides some or all of it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageStat

from app.picture.histograms import histogram, quantile
from app.picture.morphology import Tones, square_max
from app.picture.polarity import border
from app.picture.shrinking import LARGEST_SIDE, shrunk
from app.picture.transparency import has_transparency, on_paper

EVEN = 12
"""Difference from the border's median, in each channel (of 255), up to which it has that colour."""
MOSTLY = 0.9
"""Share of the border that has one colour, at least."""
LEAST, FAR = 64, 0.4
"""Difference from that colour from which on a pixel is ink (of 255, the greatest of its channels),
and as a share of the greatest difference."""
HIDDEN = 0.15
"""Share of the ink whose luminance is nearer to the paper's than half of that, at least."""
AROUND = 2
"""Pixels around the other ink in which paper is looked for."""
BARE = 0.35
"""Share of them that is paper, at least: around what a highlighter went over there is less."""
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
        several colours, or if brightness shows all ink.
    """
    paper = np.median(border(np.asarray(picture)), axis=0).round().astype(np.uint8)
    flat = Image.new("RGB", picture.size, tuple(paper.tolist()))
    red, green, blue = ImageChops.difference(picture, flat).split()
    distance: Tones = np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))
    if (border(distance) <= EVEN).mean() < MOSTLY:
        return None
    ink = distance >= max(LEAST, FAR * distance.max())
    tone = np.uint8(np.median(border(grey)))
    shows = np.maximum(grey, tone) - np.minimum(grey, tone) >= distance / 2
    if not ink.any() or (ink & ~shows).sum() < HIDDEN * ink.sum():
        return None
    seen = ink & shows
    around = square_max(np.pad(seen, AROUND), AROUND) & ~seen
    if (around & ~ink).sum() < BARE * around.sum():
        return None
    full = max(quantile(histogram(distance[ink][None]), FULL), 1)
    amount = (np.minimum(distance, full) * (255 / full)).astype(np.uint8)
    return amount if tone < 128 else ~amount


def clearest_channel(picture: Image.Image) -> Image.Image:
    """Of red, green and blue the one whose tones differ most, mode L, shrunk if large."""
    if has_transparency(picture):
        picture = on_paper(picture.convert("RGBA"))
    channels = shrunk(picture.convert("RGB"), LARGEST_SIDE).split()
    return max(channels, key=lambda channel: ImageStat.Stat(channel).var[0])
