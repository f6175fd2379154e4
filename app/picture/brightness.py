"""One plane of brightness from a picture of any mode."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from app.picture.colours import distance_from_paper
from app.picture.morphology import Tones
from app.picture.polarity import border
from app.picture.sheet import find_sheet
from app.picture.shrinking import LARGEST_SIDE, shrunk

BLACK, WHITE = 24, 231
"""Luminance of paper on which vivid colours are as much ink as white, or as black."""
MUCH = 64
"""Difference between the two from which on the luminance may show what the other hides."""
LEAST_SHEET = 0.2
"""Share of the picture that such a sheet covers, at least; a part of a digit in many colours covers
less."""
VIVID = [max(2 * tone - 255, 0) for tone in range(256)]
"""How bright a colour is on black, by its brightest channel; all others' luminance is more."""


def brightness(picture: Image.Image) -> Tones:
    """How bright each pixel is, uint8 ``[H, W]``, shrunk if large.

    That is its luminance, but on black paper vivid colours are as bright as white, and on white
    paper as dark as black: else of a digit in many colours the blue or the yellow parts were lost.
    On paper of another colour its distance from that counts, where luminance hides much of the ink.
    """
    numbers = picture.mode.startswith(("I", "F"))
    if picture.mode.startswith("I;"):
        picture = picture.convert("I")  # Pillow shrinks numbers in another byte order wrongly
    if not numbers and picture.mode not in ("L", "RGB"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    picture = shrunk(picture, LARGEST_SIDE)
    if numbers:
        return _tones(np.asarray(picture))
    if picture.mode != "RGB":
        return np.asarray(picture)
    luminance: Tones = np.asarray(picture.convert("L"))
    red, green, blue = picture.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        return luminance
    seen = _on_black_or_white(luminance, red, green, blue)
    distance = distance_from_paper(picture, seen)
    return seen if distance is None else distance


def _on_black_or_white(
    luminance: Tones, red: Image.Image, green: Image.Image, blue: Image.Image
) -> Tones:
    """The luminance, and of vivid colours on black or white paper that of white or black.

    Where only the luminance shows a sheet, white or black is but what lies around it, as around
    the pixels that a plotting library draws in its colours.
    """
    paper = np.median(border(luminance))
    if BLACK < paper < WHITE:
        return luminance
    if paper <= BLACK:
        brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        vivid: Tones = np.asarray(brightest.point(VIVID))
        seen = np.maximum(luminance, vivid)
        difference = seen - luminance
    else:
        darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
        vivid = np.asarray(ImageChops.invert(darkest).point(VIVID))
        seen = np.minimum(luminance, ~vivid)
        difference = luminance - seen
    if difference.max() >= MUCH and _shows_sheet(luminance) and not find_sheet(seen):
        return luminance
    return seen


def _shows_sheet(grey: Tones) -> bool:
    sheet = find_sheet(grey)
    return sheet is not None and bool(sheet.mask.mean() >= LEAST_SHEET)


def _tones(numbers: NDArray[Any]) -> Tones:
    """Numbers of 16 or 32 bits, by the range that they have; what is no number is the least."""
    values = numbers.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    if low == high:
        return np.zeros(values.shape, np.uint8)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return ((values - low) / (high - low) * 255).astype(np.uint8)
