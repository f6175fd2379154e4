"""Drawings of digits with something around them: frames, bars and the boxes of forms."""

from __future__ import annotations

import numpy as np
from canvas import SIDE, Digit, colour_between, solid, some_polarity
from photography import as_image, drawn
from PIL import Image, ImageDraw, ImageOps

FINE = 3
"""Pixels a pixel, for soft edges of lines."""


def framed(random: np.random.Generator, digit: Digit) -> Image.Image:
    """In a frame of a third tone, whose sides may differ in width."""
    return in_frame(random, digit, *random.integers(3, 60, size=4).tolist())


def bars(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Between bars above and below, or at one side only, as players and screenshots have them."""
    wide = random.integers(10, 120, size=4) * (random.permutation(4) < random.integers(1, 3))
    return in_frame(random, digit, *wide.tolist())


def in_frame(
    random: np.random.Generator, digit: Digit, left: int, top: int, right: int, bottom: int
) -> Image.Image:
    """A digit and its ground framed; the three tones are dark, middle and bright, in any order."""
    tones = random.permutation([(0.0, 0.2), (0.35, 0.65), (0.8, 1.0)])
    ground, frame, ink = (float(random.uniform(*tone)) for tone in tones)
    plane = np.full((SIDE, SIDE), ground)
    plane += solid(digit) * (ink - ground)
    plane = np.pad(plane, ((top, bottom), (left, right)), constant_values=frame)
    plane += random.normal(0, random.uniform(0, 0.02), plane.shape)
    return as_image(np.repeat(plane[..., None], 3, axis=2))


def row_of_boxes(random: np.random.Generator, digit: Digit) -> Image.Image:
    """In one of the boxes of a form, whose walls may be but short."""
    count, side = int(random.integers(2, 9)), int(random.integers(60, 110))
    width, line = count * side, int(random.integers(1, 4))
    walls = np.zeros((side + line, width + line))
    walls[:line] = walls[-line:] = walls[:, :line] = walls[:, -line:] = 1
    top = int(random.choice([0, 3 * side // 4]))
    for x in range(side, width, side):
        walls[top:, x : x + line] = 1
    ink = np.zeros_like(walls)
    inner = side - 2 * line
    x = side * int(random.integers(count)) + line
    ink[line : line + inner, x : x + inner] = solid(digit, inner)
    form = drawn(np.ones((*walls.shape, 3)), walls, colour_between(random, 0.1, 0.7))
    form = np.pad(form, ((20, 20), (20, 20), (0, 0)), constant_values=1)
    return as_image(drawn(form, np.pad(ink, 20), colour_between(random, 0, 0.4)))


def mounted(random: np.random.Generator, digit: Digit) -> Image.Image:
    """MNIST's pixels with a border as bright as the ink."""
    wide = int(random.integers(1, 6))
    return some_polarity(random, ImageOps.expand(Image.fromarray(digit), wide, 255))


def boxed(random: np.random.Generator, digit: Digit) -> Image.Image:
    """In a box of lines, sometimes a little turned, of which it touches or crosses one or more."""
    width = random.uniform(130, 300)
    height, thick = width * random.uniform(0.85, 1.25), int(random.integers(2, 7))
    box = Image.new("L", (FINE * SIDE, FINE * SIDE))
    corners = [FINE * (SIDE + sign * side) / 2 for sign in (-1, 1) for side in (width, height)]
    ImageDraw.Draw(box).rectangle(corners, outline=255, width=FINE * thick)
    box = box.rotate(random.choice([0, random.uniform(-4, 4)]), Image.Resampling.BICUBIC)
    lines = np.asarray(box.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255
    ink = solid(digit, round(random.uniform(1.05, 1.6) * min(width, height)))
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    room = np.array([height, width]) - ink.shape
    middle = room / 2 + random.uniform(-0.1, 0.1, 2) * (height, width)
    over = random.uniform(0, 0.12) * width
    axis = random.integers(2)
    middle[axis] = random.choice([-over, room[axis] + over])
    y, x = np.rint((SIDE - np.array([height, width])) / 2 + middle).astype(int) + SIDE
    around = np.zeros((3 * SIDE, 3 * SIDE))
    around[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    form = drawn(np.ones((SIDE, SIDE, 3)), lines, colour_between(random, 0, 0.5))
    digit_there = around[SIDE : 2 * SIDE, SIDE : 2 * SIDE]
    return as_image(drawn(form, digit_there, colour_between(random, 0, 0.4)))
