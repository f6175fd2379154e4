"""Drawings of digits as programs save them: pens, brushes, papers and badges.

Each takes a digit uint8 ``[28, 28]`` and a generator that decides all that differs from drawing to
drawing, and returns the picture that is saved.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from canvas import (
    SIDE,
    Digit,
    colour_between,
    cut_out,
    hues,
    line,
    on_paper,
    solid,
    some_polarity,
)
from frames import bars, boxed, circled, framed, mounted, round_box, row_of_boxes
from layers import (
    boxed_dashes,
    colour_mapped,
    pale_pens,
    panel_on_panel,
    rainbow_on_colour,
    shadowed,
    stencil,
    transparent,
)
from matplotlib.figure import Figure
from photography import as_image, crisp, drawn
from PIL import Image, ImageDraw
from ruled import grid, guides, notebook, slanted_lines, turned_lines
from scipy.ndimage import binary_dilation, gaussian_filter
from traced import traced


def pen(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A dark pen on white."""
    return on_paper(solid(digit), ink_colour=colour_between(random, 0, 0.4))


def hairline(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A line of one or two pixels on a large canvas."""
    return on_paper(line(digit, int(random.integers(400, 1000)), random.uniform(1, 2)))


def fat_pen(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Strokes up to a fifth as wide as the digit is high."""
    return on_paper(line(digit, SIDE, random.uniform(30, 55)))


def spray(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Grains that get fewer to the sides."""
    dense = gaussian_filter(solid(digit), random.uniform(5, 9)) * random.uniform(0.4, 0.7)
    return on_paper((random.random(dense.shape) < dense).astype(np.float64))


def chalk(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Chalk that leaves half of a rough board uncovered."""
    grain = gaussian_filter(random.normal(size=(SIDE, SIDE)), random.uniform(0.6, 1.2))
    covered = solid(digit) * (grain > random.uniform(-0.1, 0))
    return on_paper(0.9 * covered, paper=(0.1, 0.25, 0.18), ink_colour=(1, 1, 1))


def outline(random: np.random.Generator, digit: Digit) -> Image.Image:
    """The edges of the strokes only."""
    inside = solid(digit) > 0.5
    edges = binary_dilation(inside, iterations=int(random.integers(2, 6))) & ~inside
    return on_paper(edges.astype(np.float64))


def rainbow(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Every hue from top to bottom, on black or on white."""
    colours = hues(random)
    ink, paper = solid(digit)[..., None], float(random.integers(2))
    return as_image(paper * (1 - ink) + colours * ink)


def gradient(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Black on a paper that changes from one light colour to another."""
    first, last = random.uniform(0.55, 1, (2, 3))
    share = np.linspace(0, 1, SIDE)[:, None, None]
    paper = np.broadcast_to(first * (1 - share) + last * share, (SIDE, SIDE, 3))
    return as_image(drawn(paper, solid(digit), (0, 0, 0)))


def pale(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Ink that is a little darker than white."""
    return as_image(np.repeat(1 - random.uniform(0.1, 0.2) * solid(digit)[..., None], 3, 2))


def neon(random: np.random.Generator, digit: Digit) -> Image.Image:
    """White that glows in a colour, on black."""
    ink = solid(digit)
    glow = gaussian_filter(ink, random.uniform(8, 20))
    night = drawn(np.zeros((SIDE, SIDE, 3)), glow, colour_between(random, 0.2, 1))
    return as_image(drawn(night, ink, (1, 1, 1)))


def badge(random: np.random.Generator, digit: Digit) -> Image.Image:
    """White on a disc of a dark colour."""
    disc = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(disc).ellipse([6, 6, SIDE - 6, SIDE - 6], 255)
    colour = colour_between(random, 0, 0.55)
    paper = drawn(np.ones((SIDE, SIDE, 3)), np.asarray(disc) / 255, colour)
    around = int(SIDE * random.uniform(0.12, 0.2))
    ink = np.pad(solid(digit, SIDE - 2 * around), around)
    return as_image(drawn(paper, ink, (1, 1, 1)))


def corner(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Somewhere on a canvas four times as wide as high."""
    picture = Image.new("RGB", (1200, 300), "white")
    place = int(random.integers(1000)), int(random.integers(100))
    picture.paste(Image.new("RGB", (200, 200)), place, crisp(digit).resize((200, 200)))
    return picture


def tiny(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Half as large as MNIST's, somewhere in 28×28."""
    side = int(random.integers(12, 17))
    picture = Image.new("L", (28, 28))
    small = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    x, y = random.integers(29 - side, size=2).tolist()
    picture.paste(small, (x, y))
    return picture


def cropped(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Cut out along its edges, and up to eight times as large."""
    tight = cut_out(digit)
    scale = int(random.integers(1, 9))
    size = scale * tight.width, scale * tight.height
    return some_polarity(random, tight.resize(size, Image.Resampling.BICUBIC))


def stretched(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Cut out along its edges, and as wide as high."""
    side = int(random.choice([28, 32, 64]))
    return some_polarity(random, cut_out(digit).resize((side, side), Image.Resampling.BICUBIC))


def dithered(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Grey on paper that gets darker to one side, black and white dots only."""
    grey = (1 - solid(digit) * random.uniform(0.4, 0.8)) * np.linspace(
        1, random.uniform(0.7, 1), SIDE
    )
    return Image.fromarray((255 * grey).astype(np.uint8)).convert("1")


def halftone(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Black dots on a turned grid, whose size makes the greys."""
    grey = (1 - solid(digit) * random.uniform(0.4, 0.7)) * random.uniform(0.75, 0.95)
    y, x = np.mgrid[:SIDE, :SIDE] * (2 * np.pi / random.uniform(5, 9) / np.sqrt(2))
    screen = (2 + np.cos(x + y) + np.cos(x - y)) / 4
    return Image.fromarray((grey > screen).astype(np.uint8) * 255).convert("1")


def dotted(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A line of dots, to be traced."""
    width = random.uniform(8, 14)
    return on_paper(traced(digit, SIDE, width, 0, width * random.uniform(1.5, 2.8)))


def beads(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Filled with beads or lamps on a grid, round or square; those that are off may show."""
    pitch = int(random.integers(9, 20))
    across = SIDE // pitch
    lit = np.asarray(crisp(digit).resize((across, across), Image.Resampling.BOX)) > 127
    offsets = np.abs(np.arange(pitch) - (pitch - 1) / 2)
    distance = np.hypot if random.random() < 0.5 else np.maximum
    apart = distance(offsets[:, None], offsets)
    bead = np.clip(pitch * random.uniform(0.3, 0.42) - apart + 0.5, 0, 1)
    ink = np.kron(np.where(lit, 1, random.choice([0, 0.1])), bead)
    return some_polarity(random, Image.fromarray(np.rint(255 * ink).astype(np.uint8)))


def dashed(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A line of dashes, to be traced."""
    width, dash, gap = random.uniform(7, 14), random.uniform(0.7, 2.5), random.uniform(1.5, 2.5)
    return on_paper(traced(digit, SIDE, width, width * dash, width * (dash + gap)))


def underlined(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A line below, not quite level, and a little longer or shorter than the digit is wide."""
    ink = np.pad(solid(digit, 280), 60)
    rows, columns = np.nonzero(ink > 0.5)
    y, x = np.mgrid[:SIDE, :SIDE]
    below = rows.max() + random.uniform(14, 40) + (x - SIDE / 2) * random.uniform(-0.08, 0.08)
    left, right = columns.min() - random.uniform(-10, 50), columns.max() + random.uniform(-10, 50)
    line = (np.abs(y - below) < random.uniform(3, 7)) & (x > left) & (x < right)
    return on_paper(np.maximum(ink, line))


def negative(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A minus before it."""
    ink = np.pad(solid(digit, 280), 60)
    left, middle = np.nonzero(ink.max(axis=0) > 0.5)[0].min(), SIDE // 2
    end, half = left - int(random.integers(18, 40)), int(random.integers(5, 10))
    ink[middle - half : middle + half, max(end - int(random.integers(50, 90)), 0) : end] = 1
    return on_paper(ink)


def salt_and_pepper(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Up to a fifth of the pixels black or white."""
    side = int(random.integers(60, SIDE))
    grey = np.rint(255 - 255 * solid(digit, side) * random.uniform(0.5, 1)).astype(np.uint8)
    share, chance = random.uniform(0.01, 0.1), random.random(grey.shape)
    grey[chance < share], grey[chance > 1 - share] = 0, 255
    return Image.fromarray(grey)


def plotted(random: np.random.Generator, digit: Digit) -> Image.Image:
    """MNIST's pixels in a figure with axes, in the colours of a plotting library."""
    figure = Figure(figsize=(random.uniform(2, 4), 3))
    colours = str(random.choice(["viridis", "gray", "gray_r"]))
    figure.subplots().imshow(np.pad(digit, 1), colours)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return Image.open(file)


DRAWINGS: dict[str, Callable[[np.random.Generator, Digit], Image.Image]] = {
    make.__name__.replace("_", " "): make
    for make in (
        *(pen, fat_pen, hairline, spray, chalk, outline, rainbow, neon, pale, gradient),
        *(notebook, grid, guides, badge, transparent, corner, tiny, cropped, stretched),
        *(framed, bars, dithered, halftone, dotted, dashed, underlined, negative),
        *(salt_and_pepper, plotted, row_of_boxes, mounted, boxed),
        *(turned_lines, circled, round_box, slanted_lines, beads),
        *(stencil, shadowed, pale_pens, colour_mapped, rainbow_on_colour),
        *(boxed_dashes, panel_on_panel),
    )
}


def drawing(name: str, digit: Digit, seed: int) -> bytes:
    """A drawing of a digit, as a PNG; the same for the same seed."""
    file = io.BytesIO()
    DRAWINGS[name](np.random.default_rng([seed, *name.encode()]), digit).save(file, "PNG")
    return file.getvalue()
