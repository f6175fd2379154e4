"""Digits of displays, whose bars or dots don't touch."""

import itertools

import numpy as np
import pytest
from conftest import ink_of
from displays import DOTS, LIT, Matrix, Segments, matrices, segments
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from app.picture.components import bounding_box, label_components
from app.picture.digit import find_digit
from app.picture.segments import join_segments
from app.preprocessing import prepare
from app.recognizer import Recognizer

DIODES = Segments(120, 26, 5, 0.1, "black", "red")
PRINT = Segments(110, 24, 8, 0.0, "white", "black")


def mask_of(picture: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(picture.convert("L")) < 128


@pytest.mark.parametrize("display", [DIODES, PRINT], ids=["diodes", "print"])
@pytest.mark.parametrize("digit", [0, 1, 2, 3, 4, 5, 7, 8, 9])
def test_digit_of_a_display_is_named(recognizer: Recognizer, digit: int, display: Segments) -> None:
    assert recognizer.predict(prepare(display.show(digit)).image).digit == digit


@pytest.mark.parametrize("display", segments()[::4])
@pytest.mark.parametrize("digit", [2, 6, 8])
def test_all_bars_are_one_digit(digit: int, display: Segments) -> None:
    prepared = prepare(display.show(digit))
    left, top, right, bottom = prepared.bounding_box
    assert 216 <= bottom - top - display.thickness <= 250  # bars have grown
    assert right - left >= display.width - 2 * display.gap
    assert not prepared.several_digits


def test_bars_grow_together() -> None:
    eight = Segments(125, 34, 9, 0.0, "white", "black").show(8)
    assert len(label_components(mask_of(eight))[1]) == 7
    assert len(label_components(prepare(eight).image > 200)[1]) == 1


def test_holes_between_bold_bars_stay_open() -> None:
    eight = prepare(Segments(70, 28, 5, 0.0, "white", "black").show(8)).image
    assert len(label_components(eight < 128)[1]) == 3  # the paper around it, and two holes


def test_gap_between_two_bars_end_to_end_is_bridged() -> None:
    seven = Segments(125, 24, 7, 0.0, "white", "black").show(7)
    _, top, _, bottom = prepare(seven).bounding_box
    assert bottom - top > 220


def test_digits_side_by_side_are_two() -> None:
    picture = Image.new("RGB", (800, 400), "white")
    for place, digit in enumerate((2, 5)):
        picture.paste(PRINT.show(digit).crop((100, 0, 300, 400)), (100 + 200 * place, 0))
    prepared = prepare(picture)
    assert prepared.several_digits
    assert prepared.bounding_box[2] - prepared.bounding_box[0] < 180


def test_bold_digits_close_together_are_two() -> None:
    """The gap between them is narrower than a bar is thick."""
    eight = Segments(100, 34, 5, 0.0, "white", "black").show(8)
    left, _, right, _ = ImageOps.invert(eight.convert("L")).getbbox() or (0, 0, 0, 0)
    picture = Image.new("RGB", (600, 400), "white")
    for place in (100, 100 + right - left + 28):
        picture.paste(eight.crop((left, 0, right, 400)), (place, 0))
    prepared = prepare(picture)
    assert prepared.several_digits
    assert prepared.bounding_box[2] - prepared.bounding_box[0] < 1.1 * (right - left)


def test_labels_and_components_agree() -> None:
    labels, components = label_components(mask_of(PRINT.show(6)))
    joined, (digit,), growth = join_segments(labels, components)
    assert digit.area == np.count_nonzero(joined == digit.label) == np.count_nonzero(labels)
    assert (digit.left, digit.top, digit.right, digit.bottom) == bounding_box(joined > 0)
    assert list(growth) == [digit.label]


@pytest.mark.parametrize(
    "bars",
    [
        [(100 + 40 * i, 100, 110 + 40 * i, 200) for i in range(5)],
        [(100, 100 + 24 * i, 200, 110 + 24 * i) for i in range(3)],
        [(100, 100, 110, 200), (160, 100, 170, 200), (120, 300, 180, 310)],
        [(100, 80, 230, 90), (100, 210, 230, 220)]
        + [(100 + 24 * i, 100, 110 + 24 * i, 200) for i in range(6)],
        [(100, 100, 120, 124), (124, 100, 148, 120), (152, 100, 172, 124)],
        [(20, 20, 200, 200), (300, 300, 304, 340), (306, 298, 340, 302), (342, 300, 346, 340)],
    ],
    ids=[
        "tallies",
        "lines",
        "far apart",
        "more than seven",
        "as wide as high",
        "small beside a blot",
    ],
)
def test_other_bars_are_left_apart(bars: list[tuple[int, int, int, int]]) -> None:
    picture = Image.new("L", (400, 400), "white")
    for bar in bars:
        ImageDraw.Draw(picture).rectangle(bar, "black")
    labels, components = label_components(mask_of(picture))
    assert join_segments(labels, components)[1:] == (components, {})


@pytest.mark.parametrize("extent", [(0, 360), (0, 120)], ids=["rings", "arcs"])
def test_curves_are_left_apart(extent: tuple[int, int]) -> None:
    picture = Image.new("L", (400, 400), "white")
    for x, y in itertools.product(range(3), range(4)):
        box = (100 + 46 * x, 100 + 46 * y, 140 + 46 * x, 140 + 46 * y)
        ImageDraw.Draw(picture).arc(box, *extent, fill=0, width=6)
    labels, components = label_components(mask_of(picture))
    assert len(components) == 12
    assert join_segments(labels, components)[1:] == (components, {})


def test_corners_are_no_bars() -> None:
    picture = Image.new("L", (400, 400), "white")
    draw = ImageDraw.Draw(picture)
    for x, y, height in ((100, 100, 60), (190, 100, 60), (100, 172, 60), (190, 172, 130)):
        draw.line([(x, y + height), (x, y), (x + 80, y)], 0, 8)
    labels, components = label_components(mask_of(picture))
    assert join_segments(labels, components)[1:] == (components, {})


def test_box_of_four_lines_is_no_digit() -> None:
    picture = Image.new("L", (400, 400), "white")
    draw = ImageDraw.Draw(picture)
    for line in ((60, 50, 340, 50), (60, 350, 340, 350), (50, 60, 50, 340), (350, 60, 350, 340)):
        draw.line(line, 0, 6)
    draw.line([(150, 120), (250, 120), (190, 290)], 0, 20, joint="curve")
    mask = mask_of(picture)
    left, top, right, bottom = bounding_box(find_digit(ink_of(mask)).mask)
    assert left > 100
    assert top > 100
    assert right < 300
    assert bottom < 310


@pytest.mark.parametrize("matrix", matrices())
@pytest.mark.parametrize("digit", range(10))
def test_all_dots_are_one_digit(digit: int, matrix: Matrix) -> None:
    prepared = prepare(matrix.show(digit))
    left, top, right, bottom = prepared.bounding_box
    columns = max(row.rindex("#") for row in DOTS[digit].split()) - min(
        row.index("#") for row in DOTS[digit].split() if "#" in row
    )
    assert bottom - top >= (6 + matrix.size) * matrix.pitch - 4
    assert right - left >= (columns + matrix.size) * matrix.pitch - 4
    assert not prepared.several_digits
    assert len(label_components(prepared.image > 100)[1]) == 1


@pytest.mark.parametrize("digit", range(10))
def test_digit_of_dots_is_named(recognizer: Recognizer, digit: int) -> None:
    matrix = Matrix(30, 0.8, True, "black", "orange")
    assert recognizer.predict(prepare(matrix.show(digit)).image).digit == digit


def test_digits_of_dots_side_by_side_are_two() -> None:
    matrix = Matrix(30, 0.8, True, "white", "black")
    picture = Image.new("RGB", (800, 400), "white")
    for place, digit in enumerate((2, 5)):
        picture.paste(matrix.show(digit).crop((120, 0, 300, 400)), (100 + 180 * place, 0))
    prepared = prepare(picture)
    assert prepared.several_digits
    left, top, right, bottom = prepared.bounding_box
    assert right - left < 180
    assert bottom - top > 200


@pytest.mark.parametrize(("columns", "rows"), [(20, 1), (12, 5), (2, 3), (6, 8), (15, 12)])
def test_other_dots_are_left_apart(columns: int, rows: int) -> None:
    """A dotted line, patterns, the six of a die, and a halftone."""
    picture = Image.new("L", (400, 400), "white")
    for x in range(columns):
        for y in range(rows):
            ImageDraw.Draw(picture).ellipse((20 + 24 * x, 20 + 24 * y, 34 + 24 * x, 34 + 24 * y), 0)
    labels, components = label_components(mask_of(picture))
    assert join_segments(labels, components)[1:] == (components, {})


def test_every_digit_has_its_bars() -> None:
    assert [len(lit) for lit in LIT] == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
    assert {len(row) for rows in DOTS for row in rows.split()} == {5}
    assert {len(rows.split()) for rows in DOTS} == {7}
