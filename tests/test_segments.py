"""Digits of displays, whose bars don't touch."""

import numpy as np
import pytest
from displays import LIT, Display, displays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from app.components import bounding_box, label_components
from app.digit import find_digit
from app.preprocessing import prepare
from app.recognizer import Recognizer
from app.segments import join_segments

DIODES = Display(120, 26, 5, 0.1, "black", "red")
PRINT = Display(110, 24, 8, 0.0, "white", "black")


def mask_of(picture: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(picture.convert("L")) < 128


@pytest.mark.parametrize("display", [DIODES, PRINT], ids=["diodes", "print"])
@pytest.mark.parametrize("digit", [0, 1, 2, 3, 4, 5, 7, 8, 9])
def test_digit_of_a_display_is_named(recognizer: Recognizer, digit: int, display: Display) -> None:
    assert recognizer.predict(prepare(display.show(digit)).image).digit == digit


@pytest.mark.parametrize("display", displays()[::4])
@pytest.mark.parametrize("digit", [2, 6, 8])
def test_all_bars_are_one_digit(digit: int, display: Display) -> None:
    prepared = prepare(display.show(digit))
    left, top, right, bottom = prepared.bounding_box
    assert 216 <= bottom - top - display.thickness <= 236  # thin strokes are thickened
    assert right - left >= display.width - 2 * display.gap
    assert not prepared.several_digits


def test_gaps_are_filled() -> None:
    eight = Display(125, 34, 9, 0.0, "white", "black").show(8)
    assert len(label_components(mask_of(eight))[1]) == 7
    assert len(label_components(prepare(eight).image > 200)[1]) == 1


def test_gap_between_two_bars_end_to_end_is_bridged() -> None:
    seven = Display(125, 24, 7, 0.0, "white", "black").show(7)
    _, top, _, bottom = prepare(seven).bounding_box
    assert bottom - top > 220


def test_digits_side_by_side_are_two() -> None:
    picture = Image.new("RGB", (800, 400), "white")
    for place, digit in enumerate((2, 5)):
        picture.paste(PRINT.show(digit).crop((100, 0, 300, 400)), (100 + 200 * place, 0))
    prepared = prepare(picture)
    assert prepared.several_digits
    assert prepared.bounding_box[2] - prepared.bounding_box[0] < 150


def test_labels_and_components_agree() -> None:
    labels, components = label_components(mask_of(PRINT.show(6)))
    joined, (digit,), gaps = join_segments(labels, components)
    assert digit.area == np.count_nonzero(joined == digit.label) == np.count_nonzero(labels)
    assert (digit.left, digit.top, digit.right, digit.bottom) == bounding_box(joined > 0)
    assert list(gaps) == [digit.label]


@pytest.mark.parametrize(
    "bars",
    [
        [(100 + 40 * i, 100, 110 + 40 * i, 200) for i in range(5)],
        [(100, 100 + 40 * i, 200, 110 + 40 * i) for i in range(3)],
        [(100, 100, 110, 200), (160, 100, 170, 200), (120, 300, 180, 310)],
    ],
    ids=["tallies", "lines", "far apart"],
)
def test_other_bars_are_left_apart(bars: list[tuple[int, int, int, int]]) -> None:
    picture = Image.new("L", (400, 400), "white")
    for bar in bars:
        ImageDraw.Draw(picture).rectangle(bar, "black")
    labels, components = label_components(mask_of(picture))
    assert join_segments(labels, components)[1:] == (components, {})


def test_box_of_four_lines_is_no_digit() -> None:
    picture = Image.new("L", (400, 400), "white")
    draw = ImageDraw.Draw(picture)
    for line in ((60, 50, 340, 50), (60, 350, 340, 350), (50, 60, 50, 340), (350, 60, 350, 340)):
        draw.line(line, 0, 6)
    draw.line([(150, 120), (250, 120), (190, 290)], 0, 20, joint="curve")
    mask = mask_of(picture)
    left, top, right, bottom = bounding_box(find_digit(mask, mask).mask)
    assert left > 100
    assert top > 100
    assert right < 300
    assert bottom < 310


def test_every_digit_has_its_bars() -> None:
    assert [len(lit) for lit in LIT] == [6, 2, 5, 5, 4, 5, 6, 3, 7, 6]
