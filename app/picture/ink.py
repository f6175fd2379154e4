"""Where the ink is: a picture of any mode and polarity becomes one plane of ink."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageMode

from app.picture.brightness import brightness
from app.picture.colours import clearest_channel
from app.picture.components import Component, label_components
from app.picture.dither import without_dots
from app.picture.dust import join_grains
from app.picture.edges import sharpness
from app.picture.frame import without_frame
from app.picture.histograms import LEAST_CONTRAST, Counts, contrast, histogram, otsu, quantile
from app.picture.impulses import without_impulses
from app.picture.morphology import Tones, square_max
from app.picture.paper import ink_on_uneven_paper
from app.picture.polarity import find_polarity
from app.picture.ruling import without_lines
from app.picture.sheet import find_sheet
from app.picture.strokes import stroke_width
from app.picture.thin_lines import has_thin_ends, without_thin_lines
from app.picture.transparency import has_transparency, is_ground, on_paper, opacity
from app.problems import BlankPicture

FAINT = 0.1
"""Share of the contrast below which a pixel counts as paper."""
HAIRLINES = 0.01
"""Share of a picture that is ink at most where its lines may be thinner than a pixel."""
HAIR = 2
"""Pixels that such lines are wide at most, on average. What is left of them is uneven, so each
pixel is given the greatest ink that far around it."""
ROUNDS = 3
"""How often lines across the picture are looked for: not all may be turned alike."""
HAZE = 0.3
"""Share of the ink below which a higher threshold is not looked for: soft edges have that much."""
CLEARER = 1.5
"""How many times as sharp the edges of the ink have to be at a higher threshold to be better."""

Polarity = Literal["light_on_dark", "dark_on_light", "alpha"]


@dataclass(frozen=True)
class Ink:
    """Ink of a picture.

    Attributes:
        amount: float32 ``[H, W]``, 0 for paper to 1 for full ink; at most 400 pixels a side.
        mask: bool ``[H, W]``, what counts as ink when it has to be one or the other.
        faint: bool ``[H, W]``, the same at half the contrast: thin lines hang together there.
        polarity: how the ink was told from the paper; ``alpha`` if by their opacity.
    """

    amount: NDArray[np.float32]
    mask: NDArray[np.bool_]
    faint: NDArray[np.bool_]
    polarity: Polarity

    @cached_property
    def components(self) -> tuple[NDArray[np.int32], list[Component]]:
        """Labels int32 ``[H, W]`` of what hangs together in the mask, and the list of it."""
        return label_components(self.mask)


def find_ink(picture: Image.Image) -> Ink:
    """Tell ink from paper: by their luminance or, if that is the same, by their colours.

    Raises:
        BlankPicture: nothing stands out.
    """
    try:
        return _find_ink(picture)
    except BlankPicture:
        if ImageMode.getmode(picture.mode).basemode == "L":
            raise
    return _find_ink(clearest_channel(picture))


def _find_ink(picture: Image.Image) -> Ink:
    tones, polarity = _contrast(picture)
    ink = _told_apart(tones, polarity)
    shrunk = tones.shape != (picture.height, picture.width)
    scarce = ink.mask.mean() < HAIRLINES
    if shrunk and scarce and stroke_width(ink.mask.astype(np.float32)) < HAIR:
        ink = _told_apart(square_max(np.pad(tones, HAIR, mode="edge"), HAIR), polarity)
        return replace(ink, mask=ink.faint)
    return ink


def _told_apart(tones: Tones, polarity: Polarity, rounds: int = ROUNDS) -> Ink:
    """Ink and paper by how far each pixel is from the paper, uint8 ``[H, W]``.

    Raises:
        BlankPicture: nothing stands out.
    """
    counts = histogram(tones)
    threshold = _threshold(tones, counts)
    while (stands_out := contrast(counts, threshold)) < LEAST_CONTRAST:  # both classes are paper
        above = _above(counts, threshold)
        higher = otsu(above)
        if higher <= threshold or not above[higher + 1 :].any():
            raise blank()
        threshold = higher
    plain = _without_lines(tones, threshold, ruled=rounds < ROUNDS) if rounds else None
    if plain is not None:
        return _told_apart(plain, polarity, rounds - 1)
    tones = join_grains(tones, threshold)
    paper, texture = (quantile(counts[: threshold + 1], share) for share in (0.5, 0.9))
    full = paper + stands_out
    # What is darker than the paper but far from ink is its texture, or noise of the camera.
    floor = max(min(texture, (paper + full) / 2), paper + FAINT * (full - paper))
    amount_of_tone = ((np.arange(256) - floor) / (full - floor)).clip(0, 1).astype(np.float32)
    faint = tones > (paper + threshold) // 2
    return Ink(amount_of_tone[tones], tones > threshold, faint, polarity)


def _without_lines(tones: Tones, threshold: int, *, ruled: bool) -> Tones | None:
    """The picture without lines across it; those that run straight are overdrawn most exactly."""
    plain = without_lines(tones, threshold, ruled=ruled)
    if plain is not None and not has_thin_ends(plain, threshold):
        return plain
    thin = without_thin_lines(tones, threshold)
    return plain if thin is None else thin


def _threshold(tones: Tones, counts: Counts) -> int:
    """Otsu's threshold, or a higher one if there is something between paper and ink.

    Lines of the paper and the grain of a table are many, and darker than the paper; ink is darker
    still, and its edges are sharper than theirs.

    Raises:
        BlankPicture: nothing is above it.
    """
    threshold = otsu(counts)
    if not counts[threshold + 1 :].any():
        raise blank()
    while True:
        above = _above(counts, threshold)
        higher = otsu(above)
        ink = above[higher + 1 :].sum()
        if ink == 0 or above.sum() - ink < HAZE * above.sum():
            return threshold
        if sharpness(tones, higher) < CLEARER * sharpness(tones, threshold):
            return threshold
        threshold = higher


def _above(counts: Counts, threshold: int) -> Counts:
    """The histogram of what is above a threshold."""
    above = counts.copy()
    above[: threshold + 1] = 0
    return above


def blank() -> BlankPicture:
    """The problem of a picture without ink."""
    return BlankPicture("No ink stands out from the paper. Send a picture with a digit on it.")


def _contrast(picture: Image.Image) -> tuple[Tones, Polarity]:
    """How far each pixel is from the paper, and by which polarity."""
    if not has_transparency(picture):
        return _contrast_of(brightness(picture))
    if picture.mode != "RGBA":  # a copy of a photo takes 200 MB
        picture = picture.convert("RGBA")
    alpha = opacity(picture)
    if alpha is None:
        return _contrast_of(brightness(on_paper(picture)))
    opaque = brightness(alpha)
    return (_contrast_of(~opaque)[0] if is_ground(opaque) else opaque), "alpha"


def _contrast_of(grey: Tones) -> tuple[Tones, Polarity]:
    """How far each pixel of a grey picture is from the paper, and by which polarity."""
    if np.ptp(grey) < LEAST_CONTRAST:
        raise blank()
    grey = without_frame(without_impulses(without_dots(grey)))
    sheet = find_sheet(grey)
    if sheet is None:
        dark, even = find_polarity(grey)
    else:
        dark, even, grey = sheet.dark, False, sheet.alone(grey)
    polarity: Polarity = "dark_on_light" if dark else "light_on_dark"
    if not even:
        tones = ink_on_uneven_paper(grey, dark)
        if tones.max() >= LEAST_CONTRAST:
            return tones, polarity
    return ~grey if dark else grey, polarity  # at last, ink that is wider than any stroke
