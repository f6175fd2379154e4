"""Ink and paper that layers, colour maps and panels make."""

from __future__ import annotations

import numpy as np
from canvas import SIDE, Digit, colour_between, hues, on_paper, solid
from matplotlib import colormaps
from photography import Colour, Plane, as_image, drawn
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, shift
from traced import traced

COLOUR_MAPS = ("viridis", "plasma", "jet", "turbo", "rainbow", "coolwarm", "bwr", "Blues")


def transparent(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Any colour on nothing."""
    red, green, blue = (random.integers(256, size=3) / 255).tolist()
    return _layer(solid(digit), (red, green, blue))


def stencil(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Cut out of a ground of any colour, or of a card with round corners."""
    ground = np.ones((SIDE, SIDE)) if random.random() < 0.5 else _card()
    return _layer(ground * (1 - solid(digit)), colour_between(random, 0, 1))


def shadowed(random: np.random.Generator, digit: Digit) -> Image.Image:
    """White on nothing, with a soft shadow."""
    ink = solid(digit)
    shadow = shift(gaussian_filter(ink, random.uniform(3, 10)), random.uniform(3, 10, 2))
    below = _layer(shadow.clip(0, 1) * random.uniform(0.4, 0.8), (0, 0, 0))
    return Image.alpha_composite(below, _layer(ink, (1, 1, 1)))


def pale_pens(random: np.random.Generator, digit: Digit) -> Image.Image:
    """On nothing, one half white and the other of a pale colour."""
    ink = solid(digit)
    left = np.arange(SIDE) < SIDE / 2
    white = _layer(ink * left, (1, 1, 1))
    return Image.alpha_composite(white, _layer(ink * ~left, colour_between(random, 0.6, 1)))


def colour_mapped(random: np.random.Generator, digit: Digit) -> Image.Image:
    """MNIST's pixels in the colours of a plotting library, without a figure around them."""
    colours = colormaps[str(random.choice(COLOUR_MAPS))]
    side = int(random.choice([28, 56, 280]))
    grey = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    return as_image(colours(np.asarray(grey))[..., :3])


def rainbow_on_colour(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Every hue from top to bottom, on paper of a colour that is neither light nor dark."""
    colours = hues(random)
    paper = np.array(colour_between(random, 0.3, 0.7))
    ink = solid(digit)[..., None]
    return as_image(paper * (1 - ink) + colours * ink)


def boxed_dashes(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A line of dashes, to be traced, in a box."""
    width, dash, gap = random.uniform(7, 12), random.uniform(0.7, 2), random.uniform(1.5, 2.2)
    picture = on_paper(np.pad(traced(digit, 340, width, width * dash, width * (dash + gap)), 30))
    room = int(random.integers(5, 15))
    ImageDraw.Draw(picture).rectangle(
        [room, room, SIDE - room, SIDE - room], outline=0, width=int(random.integers(2, 6))
    )
    return picture


def panel_on_panel(random: np.random.Generator, digit: Digit) -> Image.Image:
    """On a panel that lies on another, as on a slide or in a window."""
    light, dark = colour_between(random, 0.75, 1), colour_between(random, 0, 0.35)
    outer, inner = (light, dark) if random.random() < 0.5 else (dark, light)
    page = np.ones((SIDE, 600, 3)) * np.array(inner)
    page[20:380, 20:580] = outer
    side = int(random.integers(190, 300))
    y, x = int(random.integers(40, 360 - side)), int(random.integers(40, 560 - side))
    page[y : y + side, x : x + side] = drawn(
        np.ones((side, side, 3)) * np.array(inner), solid(digit, side), outer
    )
    return as_image(page)


def _card() -> Plane:
    card = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(card).rounded_rectangle([8, 8, SIDE - 8, SIDE - 8], 70, 255)
    return np.asarray(card) / 255


def _layer(opacity: Plane, colour: Colour) -> Image.Image:
    """One colour, mode RGBA, as opaque as the plane says."""
    picture = Image.new("RGBA", opacity.shape[::-1], tuple(round(255 * one) for one in colour))
    picture.putalpha(Image.fromarray(np.rint(255 * opacity).astype(np.uint8)))
    return picture
