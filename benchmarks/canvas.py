"""Ink on canvases: what drawings are put together from."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from photography import Colour, Plane, as_image, crisp, drawn
from PIL import Image, ImageOps
from scipy.ndimage import distance_transform_edt
from skimage.morphology import skeletonize

Digit = NDArray[np.uint8]
"""``[28, 28]``."""
SIDE = 400
"""Side, in pixels, of most canvases; the digit's 28×28 fills it."""


def cut_out(digit: Digit) -> Image.Image:
    """The smallest upright box that holds the digit."""
    picture = Image.fromarray(digit)
    return picture.crop(picture.getbbox())


def some_polarity(random: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Bright on dark as it is, or the other way round."""
    return picture if random.random() < 0.5 else ImageOps.invert(picture)


def solid(digit: Digit, side: int = SIDE) -> Plane:
    """Its ink, 0..1."""
    plane = crisp(digit).resize((side, side), Image.Resampling.BOX)
    return np.asarray(plane) / 255


def line(digit: Digit, side: int, width: float) -> Plane:
    """The middle of its strokes, drawn in one width, pixels."""
    away = distance_transform_edt(~skeletonize(np.asarray(crisp(digit)) > 0))
    near = Image.fromarray(away.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    ink: Plane = np.clip(width / 2 + 0.5 - np.asarray(near) * side / len(away), 0, 1).astype(
        np.float64
    )
    return ink


def colour_between(random: np.random.Generator, low: float, high: float) -> Colour:
    """A colour whose channels are between two numbers of 0..1."""
    red, green, blue = random.uniform(low, high, 3).tolist()
    return red, green, blue


def hues(random: np.random.Generator) -> NDArray[np.float64]:
    """Every hue from top to bottom, from any on, ``[400, 1, 3]`` of 0..1."""
    turns = (np.linspace(0, 1, SIDE) + random.uniform(0, 1)) % 1
    return np.array([colorsys.hsv_to_rgb(turn, 1, 1) for turn in turns])[:, None]


def on_paper(ink: Plane, paper: Colour = (1, 1, 1), ink_colour: Colour = (0, 0, 0)) -> Image.Image:
    """Ink on paper of one colour."""
    return as_image(drawn(np.broadcast_to(np.array(paper), (*ink.shape, 3)), ink, ink_colour))
