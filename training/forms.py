"""Digits as they are written around the world, drawn with a pen of code.

MNIST's writers were Americans of the 1990s. Elsewhere a 1 has a long flag, a 7 a bar and a 0 a
slash; these forms are rare in MNIST or missing. Each form is a few strokes, varied by moving their
points, by slant, rotation, width and pen, and brought to 28×28 as MNIST was: 20 pixels long, its
centre of mass in the middle (LeCun et al. 1998, https://doi.org/10.1109/5.726791).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.data import Digits

TABLE = """
0 oval: arc 50,50 33,50 -90,275
0 open at the top: arc 50,50 34,50 -55,250
0 ends overlapping: curve 62,12 35,5 16,50 45,98 82,55 62,3 38,12
0 slashed: arc 50,50 36,50 -90,275 | line 76,14 24,86
1 bar: line 55,0 55,100
1 short flag: line 32,22 55,0 55,100
1 long flag: line 12,48 58,0 58,100
1 flag to the base line: line 8,82 62,0 62,100
1 flag and foot: line 28,26 54,0 54,100 | line 25,100 83,100
1 long flag and foot: line 14,46 56,0 56,100 | line 25,100 85,100
2 plain: curve 15,25 45,0 80,25 55,62 12,100 | line 12,100 90,98
2 looped: curve 18,25 48,0 76,25 50,65 20,98 10,85 30,80 60,97 95,88
2 angular: line 15,6 82,4 12,98 88,97 | line 15,6 13,20
3 round: curve 20,12 50,0 78,22 45,46 | curve 45,46 85,70 50,100 15,86
3 flat top: line 18,2 82,2 45,40 | curve 45,40 84,55 72,93 40,100 14,86
4 open: line 20,0 15,55 88,52 | line 72,5 66,100
4 closed: line 68,100 68,0 10,66 95,66
4 open, short stem: line 35,0 10,62 92,60 | line 62,36 60,100
5 plain: line 80,2 27,3 22,42 | curve 22,42 60,38 82,68 52,100 12,90
5 roof apart: curve 25,8 22,45 62,45 78,72 48,100 12,90 | line 34,3 90,0
5 like an S: curve 82,8 45,2 24,24 50,48 80,72 50,100 15,92
6 plain: curve 68,0 28,35 20,78 50,100 78,76 52,55 22,74
6 curled: curve 80,14 58,0 28,28 20,75 50,100 80,76 52,54 22,72
6 open loop: curve 64,0 30,32 20,76 48,100 76,80 58,60 42,68
6 straight back: line 60,0 24,62 | curve 24,62 24,92 52,100 78,78 52,58 24,70
7 plain: line 15,5 85,5 40,100
7 barred: line 15,5 85,5 40,100 | line 30,52 82,48
7 hooked: line 14,22 16,4 85,4 45,100
7 hooked and barred: line 14,22 16,4 85,4 45,100 | line 30,52 82,48
7 curved: curve 12,12 45,2 82,8 55,50 45,100
7 curved and barred: curve 12,12 45,2 82,8 55,50 45,100 | line 28,55 80,50
8 one stroke: curve 76,16 48,0 24,20 50,46 80,74 50,100 20,76 50,48 74,24 72,10
8 two rings: arc 50,23 25,23 -90,275 | arc 50,73 31,27 -90,275
8 open at the top: curve 80,4 50,44 20,76 48,100 78,76 50,46 26,18 48,2
9 straight tail: arc 48,28 30,28 10,-345 | line 78,10 74,100
9 curled tail: arc 48,28 30,28 10,-345 | curve 78,12 80,60 62,97 36,98 18,84
9 bent tail: curve 78,20 50,0 20,28 48,54 78,22 70,70 40,100
9 open loop: curve 72,8 46,4 22,28 46,52 76,34 | line 80,6 74,100
"""
"""Digit, name, strokes. Points are ``x,y`` in hundredths of the digit's height, y downwards.

A ``line`` has corners, a ``curve`` has none; an ``arc`` is a part of an ellipse: centre, radii,
first and last angle in degrees, 0 pointing right, clockwise.
"""

SIDE, BOX = 28, 20
CENTRE = 14.5
"""Where MNIST has the centre of mass: in the middle of the pixel right and below of the centre."""
POINTS_PER_SPAN = 6
CHUNK = 128

JITTER = 0.035
"""Standard deviation of every point's place, of the digit's height."""
SLANT = (-0.15, 0.35)
ROTATION = math.radians(7)
WIDTH = (0.8, 1.2)
PEN = (1.5, 3.6)
"""Width of the pen, pixels of the 28×28."""
EDGE = 1.3
"""Pixels over which the ink fades at the stroke's edge."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """One movement of the pen.

    Attributes:
        points: ``(x, y)``, of the digit's height, y downwards.
        smooth: a Catmull–Rom spline through the points; straight lines if not.
    """

    points: tuple[Point, ...]
    smooth: bool


@dataclass(frozen=True)
class Form:
    """One way of writing a digit."""

    digit: int
    name: str
    strokes: tuple[Stroke, ...]


def read_forms(table: str) -> tuple[Form, ...]:
    """The forms of a table written as :data:`TABLE` is."""
    forms = []
    for row in table.strip().splitlines():
        title, strokes = row.split(": ")
        digit, name = title.split(" ", 1)
        forms.append(Form(int(digit), name, read_strokes(strokes)))
    return tuple(forms)


def read_strokes(text: str) -> tuple[Stroke, ...]:
    """The strokes of one row of a table, separated by ``|``."""
    return tuple(_read_stroke(part) for part in text.split(" | "))


def _read_stroke(text: str) -> Stroke:
    kind, *numbers = text.split()
    pairs = [(float(x), float(y)) for x, y in (pair.split(",") for pair in numbers)]
    if kind == "arc":
        centre, radii, angles = pairs
        return Stroke(_arc(centre, radii, angles), smooth=True)
    return Stroke(tuple((x / 100, y / 100) for x, y in pairs), smooth=kind == "curve")


def _arc(centre: Point, radii: Point, degrees: Point) -> tuple[Point, ...]:
    start, end = map(math.radians, degrees)
    count = round(abs(degrees[1] - degrees[0]) / 40) + 1
    angles = [start + (end - start) * i / (count - 1) for i in range(count)]
    return tuple(
        ((centre[0] + radii[0] * math.cos(a)) / 100, (centre[1] + radii[1] * math.sin(a)) / 100)
        for a in angles
    )


FORMS = read_forms(TABLE)


def draw_forms(count: int, seed: int) -> Digits:
    """Draw so many digits of every form: images uint8 ``[N, 28, 28]``, form after form."""
    generator = torch.Generator().manual_seed(seed)
    images = [draw(form.strokes, count, generator) for form in FORMS]
    labels = torch.tensor([form.digit for form in FORMS]).repeat_interleave(count)
    return Digits(torch.cat(images), labels)


def draw(strokes: tuple[Stroke, ...], count: int, generator: torch.Generator) -> Tensor:
    """Draw strokes so many times, varied, uint8 ``[count, 28, 28]``, ink bright on dark."""
    pen = _uniform(count, PEN, generator)
    segments = torch.cat(
        [
            torch.stack([points[:, :-1], points[:, 1:]], dim=2)
            for points in trace(strokes, count, generator)
        ],
        dim=1,
    )
    segments = _place(segments, pen)
    return torch.cat(
        [
            _ink(part, width)
            for part, width in zip(segments.split(CHUNK), pen.split(CHUNK), strict=True)
        ]
    )


def trace(strokes: tuple[Stroke, ...], count: int, generator: torch.Generator) -> list[Tensor]:
    """Strokes, varied: each float32 ``[count, points, 2]``, about the unit square.

    Points that strokes have in common move together, so that what was joined stays joined.
    """
    places = sorted({point for stroke in strokes for point in stroke.points})
    moved = torch.tensor(places) + JITTER * torch.randn(count, len(places), 2, generator=generator)
    angle = _uniform(count, (-ROTATION, ROTATION), generator)
    width = _uniform(count, WIDTH, generator)
    slant = _uniform(count, SLANT, generator)
    cos, sin = angle.cos(), angle.sin()
    rows = (
        torch.stack([cos * width, -cos * slant - sin], dim=1),
        torch.stack([sin * width, cos - sin * slant], dim=1),
    )
    moved = (moved - 0.5) @ torch.stack(rows, dim=1).transpose(1, 2)
    index = {place: number for number, place in enumerate(places)}
    return [
        _sample(moved[:, [index[point] for point in stroke.points]], stroke.smooth)
        for stroke in strokes
    ]


def _sample(points: Tensor, smooth: bool) -> Tensor:
    """A line or a Catmull–Rom spline through points ``[N, P, 2]``, densely sampled."""
    if not smooth:
        return points
    before = torch.cat([2 * points[:, :1] - points[:, 1:2], points[:, :-1]], dim=1)
    after = torch.cat([points[:, 1:], 2 * points[:, -1:] - points[:, -2:-1]], dim=1)
    tangents = (after - before) / 2
    t = torch.arange(POINTS_PER_SPAN).view(1, 1, -1, 1) / POINTS_PER_SPAN
    start, end = points[:, :-1, None], points[:, 1:, None]
    start_tangent, end_tangent = tangents[:, :-1, None], tangents[:, 1:, None]
    spans = (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * start_tangent
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * end_tangent
    )
    return torch.cat([spans.flatten(1, 2), points[:, -1:]], dim=1)


def _place(segments: Tensor, pen: Tensor) -> Tensor:
    """Scale segments ``[N, S, 2, 2]`` to 20 pixels, pen included, and centre their mass."""
    ends = segments.flatten(1, 2)
    extent = (ends.amax(1) - ends.amin(1)).amax(1)
    segments = segments * ((BOX - pen) / extent).view(-1, 1, 1, 1)
    lengths = (segments[:, :, 1] - segments[:, :, 0]).norm(dim=2, keepdim=True)
    middles = segments.mean(dim=2)
    mass = (middles * lengths).sum(1) / lengths.sum(1)
    placed: Tensor = segments - mass.view(-1, 1, 1, 2) + CENTRE
    return placed


def _ink(segments: Tensor, pen: Tensor) -> Tensor:
    """Pixels ``[N, 28, 28]`` of 0..255: dark up to half a pen's width from a segment."""
    centres = torch.arange(SIDE) + 0.5
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    pixels = torch.stack([x, y], dim=-1).view(1, 1, -1, 2)
    start, along = segments[:, :, None, 0], segments[:, :, None, 1] - segments[:, :, None, 0]
    offset = pixels - start
    share = (offset * along).sum(-1) / along.square().sum(-1).clamp(min=1e-9)
    nearest = (offset - share.clamp(0, 1).unsqueeze(-1) * along).square().sum(-1).amin(1).sqrt()
    ink = (0.5 + (pen.unsqueeze(1) / 2 - nearest) / EDGE).clamp(0, 1)
    return (ink * 255).round().to(torch.uint8).view(-1, SIDE, SIDE)


def _uniform(count: int, bounds: tuple[float, float], generator: torch.Generator) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, generator=generator)
