"""Lines across a picture are overdrawn; digits that reach from edge to edge are not."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from PIL import Image, ImageDraw, ImageOps

from app.ink import find_ink
from app.preprocessing import prepare
from app.recognizer import Recognizer
from app.ruling import without_lines

SIDE = 300


def drawing(name: str, digit: Image.Image) -> Image.Image:
    """A digit, black on white, on ruled paper."""
    picture = ImageOps.invert(digit).resize((SIDE, SIDE))
    draw = ImageDraw.Draw(picture)
    places = {"grid": range(20, SIDE, 60), "guides": [SIDE // 2], "margin": [190]}[name]
    for place in places:
        draw.line([place, 0, place, SIDE], 0 if name == "grid" else 110, 3)
        if name != "margin":
            draw.line([0, place, SIDE, place], 0 if name == "grid" else 110, 3)
    return picture


@pytest.mark.parametrize("name", ["grid", "guides", "margin"])
@pytest.mark.parametrize("paper", ["white", "black"])
def test_digits_between_lines_are_named(name: str, paper: str, recognizer: Recognizer) -> None:
    wrong = []
    for path in DIGITS:
        picture = drawing(name, Image.fromarray(pixels_of(path)))
        if paper == "black":
            picture = ImageOps.invert(picture)
        named = recognizer.predict(prepare(picture).image).digit
        if named != int(path.name[0]):
            wrong.append(path.name)
    assert not wrong


def test_stroke_goes_on_over_a_line() -> None:
    tones = np.zeros((200, 300), dtype=np.uint8)
    tones[90:110, 100:200] = 255
    crossed = tones.copy()
    crossed[:, 150:153] = 200
    plain = without_lines(crossed, 100)
    assert plain is not None
    assert np.array_equal(plain, tones)


@pytest.mark.parametrize("line", [(slice(None), slice(0, 3)), (slice(-4, None), slice(None))])
def test_line_along_the_border_is_left(line: tuple[slice, slice]) -> None:
    tones = np.zeros((200, 300), dtype=np.uint8)
    tones[90:110, 100:200] = tones[line] = 255
    assert without_lines(tones, 100) is None


def test_nothing_but_a_line_is_the_digit(recognizer: Recognizer) -> None:
    one = Image.new("L", (200, SIDE), 255)
    ImageDraw.Draw(one).line([100, 0, 100, SIDE], 0, 4)
    assert recognizer.predict(prepare(one).image).digit == 1


def test_bold_stroke_from_edge_to_edge_is_the_digits() -> None:
    four = Image.new("L", (200, SIDE), 255)
    draw = ImageDraw.Draw(four)
    draw.line([140, 0, 140, SIDE], 0, 24)
    draw.line([20, 190, 200, 190], 0, 24)
    assert find_ink(four).mask[20:280, 135:145].all()


def test_ruled_page_without_writing_is_no_digit(recognizer: Recognizer) -> None:
    page = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(page)
    for row in range(20, SIDE, 30):
        draw.line([0, row, SIDE, row], 150, 2)
    assert not recognizer.predict(prepare(page).image).is_digit
