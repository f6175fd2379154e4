"""Drawings of digits on ruled and squared paper, on a grid and across guides."""

from __future__ import annotations

import numpy as np
from canvas import SIDE, Digit, colour_between, on_paper, solid
from photography import Plane, as_image, drawn
from PIL import Image

FINE = 2
"""Pixels a pixel, for soft edges of lines."""


def notebook(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A template with blue lines and a red margin."""
    paper = np.ones((SIDE, SIDE, 3))
    spacing = int(random.integers(30, 60))
    for row in range(int(random.integers(spacing)), SIDE - 2, spacing):
        paper[row : row + 2] = (0.67, 0.78, 0.94)
    margin = int(random.integers(20, 70))
    paper[:, margin : margin + 2] = (0.94, 0.47, 0.47)
    return as_image(drawn(paper, solid(digit), (0.1, 0.1, 0.3)))


def grid(random: np.random.Generator, digit: Digit) -> Image.Image:
    """A grid as dark as the pen."""
    ink = solid(digit)
    spacing, width = int(random.integers(40, 120)), int(random.integers(1, 4))
    for start in range(int(random.integers(spacing)), SIDE, spacing):
        ink[start : start + width] = ink[:, start : start + width] = 1
    return on_paper(ink)


def guides(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Lines through the middle, of any dark colour."""
    paper, middle, width = np.ones((SIDE, SIDE, 3)), SIDE // 2, int(random.integers(1, 4))
    colour = colour_between(random, 0, 0.5)
    paper[middle : middle + width] = paper[:, middle : middle + width] = colour
    return as_image(drawn(paper, solid(digit), (0, 0, 0)))


def turned_lines(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Ruled or squared paper turned by a few degrees, its lines as dark as the pen or less so."""
    tone = random.uniform(0, 0.6)
    lines = lined(random, 2 * FINE * SIDE)
    angle = random.choice([-1, 1]) * random.uniform(0.3, 5)
    turned = Image.fromarray(lines.astype(np.float32)).rotate(angle, Image.Resampling.BICUBIC)
    middle = (FINE * SIDE // 2, FINE * SIDE // 2, 3 * FINE * SIDE // 2, 3 * FINE * SIDE // 2)
    ruled = np.asarray(turned.resize((SIDE, SIDE), Image.Resampling.BOX, middle)).clip(0, 1)
    paper = drawn(np.full((SIDE, SIDE, 3), 0.95), ruled, (tone, tone, tone))
    side = int(random.integers(200, 330))
    ink, (x, y) = np.zeros((SIDE, SIDE)), random.integers(0, SIDE - side, 2)
    ink[y : y + side, x : x + side] = solid(digit, side)
    return as_image(drawn(paper, ink, (0.05, 0.05, 0.1)))


def slanted_lines(random: np.random.Generator, digit: Digit) -> Image.Image:
    """The same seen at a slant: lines run together, and turn from one side to the other."""
    side = FINE * SIDE
    tone = random.uniform(0, 0.6)
    page = drawn(np.full((side, side, 3), 0.95), lined(random, side), (tone, tone, tone))
    size = FINE * int(random.integers(180, 260))
    ink, (y, x) = np.zeros((side, side)), random.integers(side // 4, 3 * side // 4 - size // 2, 2)
    y, x = np.minimum((y - size // 4, x - size // 4), side - size)
    ink[y : y + size, x : x + size] = solid(digit, size)
    picture = as_image(drawn(page, ink, (0.05, 0.05, 0.1)))
    corners = np.array([(0, 0), (0, side), (side, side), (side, 0)], dtype=float)
    seen = corners + random.uniform(0, 0.12, (4, 2)) * (side - 2 * corners)
    slant = _perspective(corners, seen)
    slanted: Image.Image = picture.transform(
        picture.size, Image.Transform.PERSPECTIVE, slant, Image.Resampling.BICUBIC
    )
    return slanted.resize((SIDE, SIDE), Image.Resampling.BOX)


def lined(random: np.random.Generator, side: int) -> Plane:
    """Lines along the rows of a square twice as fine as the picture, or along both, 0 or 1."""
    lines = np.zeros((side, side))
    spacing, width = FINE * int(random.integers(45, 120)), FINE * int(random.integers(1, 4))
    squared = random.random() < 0.5
    for start in range(int(random.integers(spacing)), side, spacing):
        lines[start : start + width] = 1
        if squared:
            lines[:, start : start + width] = 1
    return lines


def _perspective(to: Plane, origin: Plane) -> tuple[float, ...]:
    """Pillow's eight coefficients for four points ``[4, 2]`` and where each is taken from."""
    rows = []
    for (x, y), (u, v) in zip(to.tolist(), origin.tolist(), strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
    return tuple(np.linalg.solve(np.array(rows), origin.reshape(-1)).tolist())
