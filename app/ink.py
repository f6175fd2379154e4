"""Where the ink is: a picture of any mode and polarity becomes one plane of ink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from app.problems import BlankPicture

LARGEST_SIDE = 400
"""Larger pictures are shrunk to this first: their strokes stay far wider than the network's."""
LEAST_CONTRAST = 20
"""Difference of ink and paper (of 255) below which a picture counts as blank."""
FAINT = 0.1
"""Share of the contrast below which a pixel counts as paper."""
ONE_COLOUR = 32
"""Range of each colour (of 255) within which all that is opaque counts as one ink."""
PAPER_SIDE = 64
"""Longer side of the thumbnail from which the brightness of the paper is estimated."""
PAPER_KERNEL = 17
"""Pixels of that thumbnail; wider than a stroke, so that what is left is paper."""
UNEVEN_PAPER = 25
"""Range of tones along the border (of 255) above which the paper is unevenly lit."""
CLEAR_MINORITY = 0.35
"""Share of the pixels below which the rarer of two tones is ink, whatever the border says."""

Polarity = Literal["light_on_dark", "dark_on_light", "alpha"]
Tones = NDArray[np.uint8]


@dataclass(frozen=True)
class Ink:
    """Ink of a picture.

    Attributes:
        amount: float32 ``[H, W]``, 0 for paper to 1 for full ink; at most 400 pixels a side.
        mask: bool ``[H, W]``, what counts as ink when it has to be one or the other.
        polarity: how the ink was told from the paper; ``alpha`` if it was the opaque part.
    """

    amount: NDArray[np.float32]
    mask: NDArray[np.bool_]
    polarity: Polarity


def find_ink(picture: Image.Image) -> Ink:
    """Tell ink from paper.

    Raises:
        BlankPicture: nothing stands out.
    """
    tones, polarity = _contrast(picture)
    counts = _histogram(tones)
    threshold = otsu(counts)
    mask = tones > threshold
    if not counts[threshold + 1 :].any():
        raise blank()
    paper, texture = (quantile(counts[: threshold + 1], share) for share in (0.5, 0.9))
    full = threshold + 1 + quantile(counts[threshold + 1 :], 0.5)
    if full - paper < LEAST_CONTRAST:
        raise blank()
    # What is darker than the paper but far from ink is its texture, or noise of the camera.
    floor = max(min(texture, (paper + full) / 2), paper + FAINT * (full - paper))
    amount_of_tone = ((np.arange(256) - floor) / (full - floor)).clip(0, 1).astype(np.float32)
    return Ink(amount_of_tone[tones], mask, polarity)


def otsu(counts: NDArray[np.intp]) -> int:
    """The last tone of the darker class, best told from the brighter (Otsu 1979)."""
    weight = counts.cumsum()
    total = (counts * np.arange(256)).cumsum()
    below = total / np.maximum(weight, 1)
    above = (total[-1] - total) / np.maximum(weight[-1] - weight, 1)
    between = weight * (weight[-1] - weight) * (below - above) ** 2
    best = np.flatnonzero(between == between.max())
    return int(best.mean())


def quantile(counts: NDArray[np.intp], share: float) -> int:
    """The least index up to which a histogram holds the share of its sum."""
    return int(np.searchsorted(counts.cumsum(), share * counts.sum()))


def _histogram(tones: Tones) -> NDArray[np.intp]:
    return np.bincount(tones.ravel(), minlength=256)


def blank() -> BlankPicture:
    """The problem of a picture without ink."""
    return BlankPicture("No ink stands out from the paper. Send a picture with a digit on it.")


def _contrast(picture: Image.Image) -> tuple[Tones, Polarity]:
    """How far each pixel is from the paper, and by which polarity."""
    if picture.has_transparency_data:
        if picture.mode != "RGBA":  # a copy of a photo takes 200 MB
            picture = picture.convert("RGBA")
        opaque = picture.getchannel("A")
        counts = np.reshape(picture.histogram(opaque), (4, 256))[:3]  # where there is any
        if not counts.any():
            raise blank()
        see_through = counts[0].sum() < picture.width * picture.height
        if see_through and max(map(_range, counts)) < ONE_COLOUR:
            return _grey(opaque), "alpha"
        picture = _within(picture, LARGEST_SIDE)
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    grey = _grey(picture)
    if np.ptp(grey) < LEAST_CONTRAST:
        raise blank()
    dark_ink = _ink_is_dark(grey)
    tones = ~grey if dark_ink else grey
    border = _histogram(_border(tones))
    if quantile(border, 0.95) - quantile(border, 0.05) > UNEVEN_PAPER:
        tones = np.maximum(tones, paper := _paper(tones)) - paper
    return tones, "dark_on_light" if dark_ink else "light_on_dark"


def _ink_is_dark(grey: Tones) -> bool:
    """Whether the ink is darker than the paper.

    The border is paper, mostly, and ink is the rarer tone, mostly. Where the two disagree a clear
    minority is ink: frames and shadows darken borders.
    """
    counts = _histogram(grey)
    threshold = otsu(counts)
    dark_share = float(counts[: threshold + 1].sum() / counts.sum())
    if min(dark_share, 1 - dark_share) < CLEAR_MINORITY:
        return dark_share < 1 - dark_share
    return bool(np.median(_border(grey)) > threshold)


def _border(tones: Tones) -> Tones:
    """The outermost pixels, in a row."""
    return np.concatenate([tones[0], tones[-1], tones[:, 0], tones[:, -1]])


def _paper(tones: Tones) -> Tones:
    """The uneven tone of the paper under brighter ink: an opening, blurred."""
    height, width = tones.shape
    small = _scaled(Image.fromarray(tones), PAPER_SIDE)
    opened = small.filter(ImageFilter.MinFilter(PAPER_KERNEL))
    opened = opened.filter(ImageFilter.MaxFilter(PAPER_KERNEL))
    smooth = opened.filter(ImageFilter.BoxBlur(PAPER_KERNEL // 4))
    return np.asarray(smooth.resize((width, height), Image.Resampling.BILINEAR))


def _range(counts: NDArray[np.intp]) -> int:
    """From the least to the greatest index of a histogram that is not empty."""
    indices = np.flatnonzero(counts)
    return int(indices[-1] - indices[0])


def _grey(picture: Image.Image) -> Tones:
    """Luminance, uint8 ``[H, W]``, shrunk if large."""
    numbers = picture.mode.startswith(("I", "F"))
    if picture.mode.startswith("I;"):
        picture = picture.convert("I")  # Pillow shrinks numbers in another byte order wrongly
    if not numbers and picture.mode not in ("L", "RGB"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    picture = _within(picture, LARGEST_SIDE)
    return _tones(np.asarray(picture)) if numbers else np.asarray(picture.convert("L"))


def _tones(numbers: NDArray[Any]) -> Tones:
    """Numbers of 16 or 32 bits, by the range that they have; what is no number is the least."""
    values = numbers.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    if low == high:
        return np.zeros(values.shape, np.uint8)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return ((values - low) / (high - low) * 255).astype(np.uint8)


def _within(picture: Image.Image, side: int) -> Image.Image:
    """The picture, shrunk if need be so that no side is longer."""
    return picture if max(picture.size) <= side else _scaled(picture, side)


def _scaled(picture: Image.Image, side: int) -> Image.Image:
    """The picture with its longer side as asked; the other keeps a pixel at least."""
    longer = max(picture.size)
    width, height = (max(1, round(length * side / longer)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)
