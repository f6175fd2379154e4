"""Strokes in pieces: digits of dots or dashes."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import DIGITS, ink_of, pixels_of
from drawings import drawing
from PIL import Image, ImageDraw
from traced import traced

from app.decoding import decode_image
from app.picture.components import Component, label_components
from app.picture.digit import find_digit
from app.picture.morphology import dilate
from app.picture.pieces import Stroke, find_strokes
from app.picture.segments import join_segments
from app.preprocessing import prepare
from app.recognizer import Recognizer

Line = tuple[float, float, float, float]


def found(picture: Image.Image) -> tuple[list[Stroke], list[Component]]:
    labels, components = label_components(np.asarray(picture.convert("L")) > 128)
    return find_strokes(labels, components), components


def dashes(lines: Sequence[Line], width: int = 8) -> Image.Image:
    picture = Image.new("L", (400, 400))
    for line in lines:
        ImageDraw.Draw(picture).line(line, 255, width)
    return picture


def ring(count: int, length: float, radius: float = 100) -> list[Line]:
    """Dashes around a circle, each turned in another direction."""
    angles = [2 * math.pi * number / count for number in range(count)]
    half = length / 2 / radius
    return [
        (
            200 + radius * math.sin(angle - half),
            200 - radius * math.cos(angle - half),
            200 + radius * math.sin(angle + half),
            200 - radius * math.cos(angle + half),
        )
        for angle in angles
    ]


@pytest.mark.parametrize("path", DIGITS[::8], ids=lambda path: path.name[0])
def test_pieces_in_a_box_become_one(path: Path) -> None:
    digit = traced(pixels_of(path), 400, 9, 14, 34) > 0.5
    ink = digit.copy()
    ink[20:380, 20:380] = True
    ink[24:376, 24:376] = digit[24:376, 24:376]
    found = find_digit(ink_of(ink))
    assert not found.mask[20].any()
    assert np.count_nonzero(found.mask) > 0.97 * np.count_nonzero(digit)


@pytest.mark.parametrize(("width", "dash", "period"), [(10, 0, 16), (8, 0, 22), (9, 14, 34)])
@pytest.mark.parametrize("path", DIGITS[::8], ids=lambda path: path.name[0])
def test_pieces_of_a_digit_become_one(path: Path, width: float, dash: float, period: float) -> None:
    ink = traced(pixels_of(path), 400, width, dash, period) > 0.5
    digit = find_digit(ink_of(ink))
    assert np.count_nonzero(digit.mask) > 0.97 * np.count_nonzero(ink)
    assert len(label_components(dilate(digit.mask, digit.growth))[1]) == 1
    assert not digit.several


@pytest.mark.parametrize("name", ["dotted", "dashed"])
def test_traced_digits_are_named(name: str, recognizer: Recognizer) -> None:
    wrong = []
    for seed, path in enumerate(DIGITS[::4]):
        prepared = prepare(decode_image(drawing(name, pixels_of(path), seed), 10**7))
        if recognizer.predict(prepared.image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    "lines",
    [
        ring(16, 28),
        ring(6, 94),
        ring(40, 8),
        [(200, 20 + 30 * i, 200, 38 + 30 * i) for i in range(10)],
    ],
    ids=["dashes", "six", "forty", "upright"],
)
def test_dashes_are_one(lines: list[Line]) -> None:
    (stroke,), components = found(dashes(lines))
    assert len(stroke.pieces) == len(components) == len(lines)
    gap = math.dist(lines[0][2:], lines[1][:2])
    assert gap / 2 <= stroke.growth + 1
    assert stroke.growth <= gap / 2 + 6


@pytest.mark.parametrize(
    "lines",
    [
        ring(5, 112),
        ring(16, 12),
        [(20 + 24 * i, 200, 32 + 24 * i, 200) for i in range(15)],
        [(60, 60 + 16 * i, 340, 60 + 16 * i) for i in range(12)],
    ],
    ids=["five", "far apart", "level", "stripes"],
)
def test_other_dashes_are_not(lines: list[Line]) -> None:
    assert found(dashes(lines))[0] == []


@pytest.mark.parametrize(("columns", "rows"), [(2, 3), (6, 8), (4, 12)])
def test_patterns_are_not(columns: int, rows: int) -> None:
    places = itertools.product(range(columns), range(rows))
    boxes = [(100 + 24 * x, 50 + 24 * y, 114 + 24 * x, 64 + 24 * y) for x, y in places]
    picture = Image.new("L", (400, 400))
    for box in boxes:
        ImageDraw.Draw(picture).ellipse(box, 255)
    assert found(picture)[0] == []


@pytest.mark.parametrize("text", ["OCRS", "4826"])
def test_print_is_not(text: str) -> None:
    from PIL import ImageFont

    picture = Image.new("L", (400, 400))
    draw = ImageDraw.Draw(picture)
    for line in range(4):
        draw.text((60, 40 + 80 * line), text, 255, ImageFont.load_default(72))
    assert found(picture)[0] == []


def test_thick_and_thin_pieces_are_not_of_one_digit() -> None:
    picture = dashes(ring(16, 28))
    draw = ImageDraw.Draw(picture)
    for y in range(60, 340, 40):
        draw.line((320, y, 320, y + 26), 255, 20)
    strokes, _ = found(picture)
    assert sorted(len(stroke.pieces) for stroke in strokes) == [7, 16]


def test_where_dashes_cross_is_of_their_digit() -> None:
    lines = [line for line in ring(16, 28) if line[1] < 290]
    picture = dashes(lines)
    draw = ImageDraw.Draw(picture)
    draw.line((190, 290, 215, 310), 255, 8)
    draw.line((215, 290, 190, 310), 255, 8)
    (stroke,), components = found(picture)
    assert len(stroke.pieces) == len(components)


def test_mostly_other_shapes_are_no_digit() -> None:
    picture = Image.new("L", (400, 400))
    draw = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate(itertools.product((100, 130), range(60, 340, 30))):
        if number % 3 == 0:
            draw.line((x, y, x, y + 18), 255, 8)
        else:
            draw.arc((x - 9, y, x + 9, y + 18), 0, 300, 255, 4)
    assert found(picture)[0] == []


def test_dashes_that_meet_like_bars_are_of_their_digit() -> None:
    level: list[Line] = [(200 + 24 * i, 60, 220 + 24 * i, 60) for i in range(3)]
    upright: list[Line] = [(200, 68 + 30 * i, 200, 88 + 30 * i) for i in range(8)]
    labels, components = label_components(np.asarray(dashes(level + upright)) > 128)
    (digit,) = join_segments(labels, components)[1]
    assert digit.area == np.count_nonzero(labels)


def test_digits_apart_are_two() -> None:
    three, two = (next(path for path in DIGITS if path.name.startswith(name)) for name in "32")
    ink = np.hstack([traced(pixels_of(path), 280, 9, 0, 17) for path in (three, two)]) > 0.5
    strokes, _ = found(Image.fromarray(ink))
    assert len(strokes) == 2
    digit = find_digit(ink_of(ink))
    assert digit.several
    assert len({column < 280 for column in np.nonzero(digit.mask)[1].tolist()}) == 1
