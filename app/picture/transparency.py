"""Pictures with transparency: their opacity, or what is seen of them on paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.picture.histograms import Counts, quantile
from app.picture.morphology import Tones
from app.picture.polarity import border
from app.picture.sheet import find_sheet
from app.picture.shrinking import LARGEST_SIDE, shrunk

OPAQUE = 128
"""Opacity (of 255) from which on colours count, if any has it: those of soft edges may be anything.
"""
ONE_COLOUR = 32
"""Range of each colour (of 255) within which all that is opaque counts as one ink."""
STRAY = 0.01
"""Share of the pixels at either end of such a range that does not count."""
GROUND = 0.9
"""Share of the border that is opaque, from which on there is a ground with the digit as a hole."""
MOST_INK = 0.4
"""Share of a picture that ink covers at most; what covers more may be a card, as icons have."""
LIGHT = 128
"""Luminance (of 255) above which what is opaque is seen on black, not on white."""
_IS_OPAQUE = [255 * (value >= OPAQUE) for value in range(256)]


def has_transparency(picture: Image.Image) -> bool:
    """Whether parts of it may be transparent; what a file says of its numbers does not count."""
    return picture.has_transparency_data and not picture.mode.startswith(("I", "F"))


def opacity(picture: Image.Image) -> Image.Image | None:
    """How opaque each pixel of a picture of mode RGBA is, mode L, if all ink has one colour.

    None if it has several, or if no pixel is transparent.
    """
    opaque = picture.getchannel("A")
    if opaque.histogram()[0] == 0:
        return None
    ranges = (quantile(one, 1 - STRAY) - quantile(one, STRAY) for one in _colours(picture))
    return opaque if max(ranges) < ONE_COLOUR else None


def is_ground(opaque: Tones) -> bool:
    """Whether what is opaque, uint8 ``[H, W]``, is a ground or sheet that a digit is cut out of."""
    if (border(opaque) >= OPAQUE).mean() >= GROUND:
        return True
    return bool((opaque >= OPAQUE).mean() > MOST_INK) and find_sheet(~opaque) is not None


def on_paper(picture: Image.Image) -> Image.Image:
    """What is seen of a picture of mode RGBA on white, or on black if it is light; mode RGB."""
    if picture.getchannel("A").getextrema() == (255, 255):  # no paper is seen, as of most canvases
        return shrunk(picture, LARGEST_SIDE).convert("RGB")
    red, green, blue = (quantile(one, 0.5) for one in _colours(picture))
    is_light = 0.299 * red + 0.587 * green + 0.114 * blue > LIGHT
    picture = shrunk(picture, LARGEST_SIDE)
    paper = Image.new("RGBA", picture.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def _colours(picture: Image.Image) -> list[Counts]:
    """Histograms of red, green and blue, int ``[256]``, where a picture of mode RGBA is opaque."""
    opaque = picture.getchannel("A")
    mask = opaque.point(_IS_OPAQUE)
    counts = np.reshape(picture.histogram(mask if mask.getbbox() else opaque), (4, 256))
    return list(counts[:3])
