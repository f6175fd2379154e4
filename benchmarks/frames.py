"""Drawings of digits with something around them: frames, bars and the boxes of forms."""

from __future__ import annotations

import numpy as np
from canvas import SIDE, Digit, colour_between, solid, some_polarity
from numpy.typing import NDArray
from photography import Plane, as_image, drawn
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
    ink = tight(digit, round(random.uniform(1.05, 1.6) * min(width, height)))
    room = np.array([height, width]) - ink.shape
    middle = room / 2 + random.uniform(-0.1, 0.1, 2) * (height, width)
    over = random.uniform(0, 0.12) * width
    axis = random.integers(2)
    middle[axis] = random.choice([-over, room[axis] + over])
    form = drawn(np.ones((SIDE, SIDE, 3)), lines, colour_between(random, 0, 0.5))
    there = placed(ink, (SIDE - np.array([height, width])) / 2 + middle)
    return as_image(drawn(form, there, colour_between(random, 0, 0.4)))


def round_box(random: np.random.Generator, digit: Digit) -> Image.Image:
    """In a box with round corners, which it may touch or cross."""
    height = random.uniform(130, 300)
    width, thick = height / random.uniform(0.85, 1.25), int(random.integers(2, 8))
    radius = random.uniform(0.08, 0.5) * min(width, height)
    box = Image.new("L", (FINE * SIDE, FINE * SIDE))
    corners = [FINE * (SIDE + sign * side) / 2 for sign in (-1, 1) for side in (width, height)]
    ImageDraw.Draw(box).rounded_rectangle(corners, FINE * radius, outline=255, width=FINE * thick)
    return around(random, digit, box, height)


def circled(random: np.random.Generator, digit: Digit) -> Image.Image:
    """Circled by hand, not quite closed or more than once; it may touch or cross the line."""
    height = random.uniform(130, 300)
    width, thick = height * random.uniform(0.75, 1.2), int(random.integers(3, 12))
    turn = np.linspace(0, 2 * np.pi * random.uniform(0.97, 1.1), 200)
    wobbles = (random.uniform(0, 0.03) * np.sin(n * turn + random.uniform(0, 6)) for n in (2, 3))
    radius = FINE * (1 + sum(wobbles) + random.uniform(-0.06, 0.06) * (turn / 2 / np.pi - 0.5))
    start = random.uniform(0, 2 * np.pi)
    x = FINE * SIDE / 2 + radius * width / 2 * np.cos(start + turn)
    y = FINE * SIDE / 2 + radius * height / 2 * np.sin(start + turn)
    ring = Image.new("L", (FINE * SIDE, FINE * SIDE))
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    ImageDraw.Draw(ring).line(points, fill=255, width=FINE * thick, joint="curve")
    return around(random, digit, ring, height)


def around(
    random: np.random.Generator, digit: Digit, line: Image.Image, height: float
) -> Image.Image:
    """A line, drawn three times as fine, around a digit that is smaller or a little larger."""
    ink = tight(digit, round(random.uniform(0.9, 1.45) * height))
    middle = (SIDE - np.array(ink.shape)) / 2 + random.uniform(-0.12, 0.12, 2) * height
    lines = np.asarray(line.resize((SIDE, SIDE), Image.Resampling.BOX)) / 255
    form = drawn(np.ones((SIDE, SIDE, 3)), lines, colour_between(random, 0, 0.5))
    return as_image(drawn(form, placed(ink, middle), colour_between(random, 0, 0.4)))


def tight(digit: Digit, side: int) -> Plane:
    """The ink of a digit whose 28×28 is as large, without the paper around it."""
    ink = solid(digit, side)
    rows, columns = (np.flatnonzero((ink > 0.5).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def placed(ink: Plane, at: NDArray[np.float64]) -> Plane:
    """Ink ``[h, w]`` on a canvas, its first pixel at a row and a column; what overhangs is cut."""
    y, x = np.rint(at).astype(int) + SIDE
    wide = np.zeros((3 * SIDE, 3 * SIDE))
    wide[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return wide[SIDE : 2 * SIDE, SIDE : 2 * SIDE]
