"""Photos of digits, made up: what scenes are put together from.

A camera took none of them, but there are as many as one likes, of every kind, free of any licence.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter, map_coordinates

Plane = NDArray[np.float64]
"""``[H, W]``."""
Colours = NDArray[np.float64]
"""``[H, W, 3]`` in 0..1."""
Colour = tuple[float, float, float]

HEIGHT, WIDTH = 360, 480
FINE = 20
"""Pixels of the drawn ink for one of MNIST's."""

BLACK: Colour = (0.1, 0.1, 0.12)
BLUE: Colour = (0.12, 0.2, 0.55)
RED: Colour = (0.75, 0.1, 0.12)
GREEN: Colour = (0.05, 0.4, 0.2)
PENS = (BLUE, BLACK, RED, GREEN)
WHITE: Colour = (0.92, 0.91, 0.89)


@dataclass
class Shot:
    """What a scene is made of.

    Attributes:
        digit: uint8 ``[28, 28]``.
        others: more digits, uint8 ``[N, 28, 28]``.
        random: decides all that differs from photo to photo.
        size: height of the digit's 28×28 in the photo, pixels.
        centre: of it, x and y.
    """

    digit: NDArray[np.uint8]
    others: NDArray[np.uint8]
    random: np.random.Generator
    size: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Choose where the digit stands."""
        self.place(0.45, 0.95)

    def place(self, least: float, most: float) -> None:
        """Choose the digit's size, as a share of the photo's height, and where it stands."""
        self.size = self.random.uniform(least, most) * HEIGHT
        half = 0.4 * self.size
        self.centre = (
            self.random.uniform(half, WIDTH - half),
            self.random.uniform(half, HEIGHT - half),
        )

    def uniform(self, low: float, high: float) -> float:
        """A number between two."""
        return float(self.random.uniform(low, high))

    def ink(self, least: float = 0, most: float = 0.6) -> Plane:
        """How much ink there is at each place, 0..1.

        Args:
            least, most: how much thinner than MNIST's the strokes are, MNIST's pixels.
        """
        thinner = self.uniform(least, most)
        return written(self.digit, self.size, self.centre, self.random, thinner)

    def pen(self) -> Colour:
        """A colour of ink."""
        return PENS[self.random.integers(len(PENS))]

    def turned(self, degrees: float) -> tuple[Plane, Plane]:
        """Places relative to the digit, x and y ``[H, W]``, turned by up to so much either way."""
        return _turned(self.centre, self.uniform(-degrees, degrees))

    def beyond(self, reach: float) -> Plane:
        """Distance from a line that passes the digit's middle at up to ``reach`` sizes, pixels."""
        away = self.uniform(-reach, reach) * self.size
        return self.turned(180)[0] - away

    def light(self, darkest: float = 0.6) -> Plane:
        """Light that falls off to one side."""
        angle = self.uniform(0, 2 * np.pi)
        y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
        slope = (np.cos(angle) * x + np.sin(angle) * y) / 2.8 + 0.5
        light: Plane = 1 - (1 - self.uniform(darkest, 1)) * slope
        return light

    def clouds(self, size: float | tuple[float, float]) -> Plane:
        """Smooth noise of standard deviation 1."""
        noise = gaussian_filter(self.random.normal(size=(HEIGHT, WIDTH)), size, mode="wrap")
        clouds: Plane = noise / noise.std()
        return clouds


def written(
    digit: NDArray[np.uint8],
    size: float,
    centre: tuple[float, float],
    random: np.random.Generator,
    thinner: float,
) -> Plane:
    """A digit drawn anew with crisp edges, turned a little, at its place; ink in 0..1."""
    thin = crisp(digit).filter(ImageFilter.MinFilter(2 * round(thinner * FINE / 2) + 1))
    x, y = _turned(centre, random.uniform(-8, 8))
    places = [(y / size + 0.5) * 28 * FINE, (x / size + 0.5) * 28 * FINE]
    soft = gaussian_filter(np.asarray(thin) / 255, 28 * FINE / size / 2)
    ink: Plane = map_coordinates(soft, places, order=1)
    return ink


def crisp(digit: NDArray[np.uint8]) -> Image.Image:
    """A digit drawn anew with crisp edges, mode L, ``FINE`` times as large."""
    fine = Image.fromarray(digit).resize((28 * FINE, 28 * FINE), Image.Resampling.BICUBIC)
    return fine.filter(ImageFilter.GaussianBlur(FINE / 3)).point(lambda v: 255 * (v > 110))


def _turned(centre: tuple[float, float], degrees: float) -> tuple[Plane, Plane]:
    """Places relative to a centre, x and y ``[H, W]``, turned."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    x, y = x - centre[0], y - centre[1]
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return cos * x + sin * y, cos * y - sin * x


def plain_paper(colour: Colour = WHITE) -> Colours:
    """Paper of one colour."""
    return np.broadcast_to(np.array(colour), (HEIGHT, WIDTH, 3)).copy()


def drawn(paper: Colours, ink: Plane, colour: Colour) -> Colours:
    """Ink laid over paper."""
    share = ink[..., None]
    laid: Colours = paper * (1 - share) + np.array(colour) * share
    return laid


def lit(shot: Shot, photo: Colours) -> Colours:
    """The photo in light that falls off to one side."""
    return shaded(photo, shot.light())


def shaded(photo: Colours, light: Plane) -> Colours:
    """The photo in some light, 1 for all of it."""
    result: Colours = photo * light[..., None]
    return result


def lines(places: Plane, spacing: float, thickness: float) -> Plane:
    """Where the lines of ruled paper are, in 0..1.

    Args:
        places: distance of each place from one of the lines, pixels.
    """
    distance = np.abs((places + spacing / 2) % spacing - spacing / 2)
    return np.clip(thickness / 2 + 0.5 - distance, 0, 1)


def as_image(photo: Colours) -> Image.Image:
    """Colours as an image, RGB."""
    return Image.fromarray(np.rint(np.clip(photo, 0, 1) * 255).astype(np.uint8))


def as_jpeg(image: Image.Image, quality: int) -> bytes:
    """A JPEG file of an image."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
