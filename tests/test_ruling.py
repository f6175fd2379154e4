"""Lines across a picture are overdrawn; digits that reach from edge to edge are not."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageOps

from app.picture.ink import find_ink
from app.picture.ruling import without_lines
from app.preprocessing import prepare
from app.problems import BlankPicture
from app.recognizer import Recognizer

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


def ruled(kind: str, degrees: float, digit: Image.Image, tone: int = 0) -> Image.Image:
    """A digit on paper with lines that are turned."""
    paper = Image.new("L", (2 * SIDE, 2 * SIDE), 255)
    draw = ImageDraw.Draw(paper)
    for place in range(25, 2 * SIDE, 70):
        draw.line([0, place, 2 * SIDE, place], tone, 3)
        if kind == "squared":
            draw.line([place, 0, place, 2 * SIDE], tone, 3)
    if kind == "with a margin":
        draw.line([SIDE - 90, 0, SIDE - 90, 2 * SIDE], tone, 3)
    paper = paper.rotate(degrees, Image.Resampling.BICUBIC)
    paper = paper.crop((SIDE // 2, SIDE // 2, 3 * SIDE // 2, 3 * SIDE // 2))
    return ImageChops.darker(paper, ImageOps.invert(digit).resize((SIDE, SIDE)))


@pytest.mark.parametrize("degrees", [0.3, -2, 5.8])
@pytest.mark.parametrize("kind", ["ruled", "squared", "with a margin"])
def test_digits_between_turned_lines_are_named(
    kind: str, degrees: float, recognizer: Recognizer
) -> None:
    wrong = []
    for path in DIGITS:
        picture = ruled(kind, degrees, Image.fromarray(pixels_of(path)))
        if recognizer.predict(prepare(picture).image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert not wrong, wrong


@pytest.mark.parametrize("kind", ["ruled", "squared", "with a margin"])
def test_turned_lines_without_writing_are_no_digit(kind: str, recognizer: Recognizer) -> None:
    page = ruled(kind, 2.5, Image.new("L", (28, 28)), 100)
    try:
        prepared = prepare(page)
    except BlankPicture:
        return
    assert not recognizer.predict(prepared.image).is_digit


def four(degrees: float, width: int) -> Image.Image:
    """A 4 of thin strokes, cut out along its edges."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(picture)
    draw.line([200, 0, 200, SIDE], 0, width)
    draw.line([0, 200, SIDE, 200], 0, width)
    draw.line([200, 0, 0, 200], 0, width)
    return picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255).crop((10, 10, 290, 290))


def test_bar_of_a_4_that_is_cut_out_is_no_line(recognizer: Recognizer) -> None:
    assert recognizer.predict(prepare(four(1.5, 9)).image).digit == 4


def framed() -> NDArray[np.uint8]:
    """A frame that is a little turned."""
    tones = np.zeros((200, SIDE), dtype=np.uint8)
    tones[90:110, 100:200] = 255
    tones[:3, :150] = tones[1:4, 150:] = 255
    return tones


def test_turned_line_that_ends_before_the_edges_is_left() -> None:
    line = ImageOps.invert(slanting()).crop((15, 0, SIDE - 15, 200))
    tones = np.asarray(ImageOps.expand(line, (15, 0), 0)).copy()
    tones[20:70, 140:160] = 255
    assert without_lines(tones, 100) is None


def test_turned_line_along_the_border_is_left() -> None:
    assert without_lines(framed(), 100) is None


def test_turned_stroke_goes_on_over_a_line() -> None:
    tones = np.zeros((200, SIDE), dtype=np.uint8)
    tones[30:170, 140:160] = 255
    crossed = np.maximum(tones, np.asarray(ImageOps.invert(slanting())))
    plain = without_lines(crossed, 100)
    assert plain is not None
    assert ((plain > 100) != (tones > 100)).mean() < 0.002


def slanting() -> Image.Image:
    """A line from edge to edge."""
    picture = Image.new("L", (SIDE, 200), 255)
    ImageDraw.Draw(picture).line([0, 90, SIDE, 110], 0, 3)
    return picture


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (2, 300), (300, 3), (15, 400)])
def test_narrow_pictures(shape: tuple[int, int]) -> None:
    tones = np.zeros(shape, dtype=np.uint8)
    tones[:, ::2] = 255
    tones[tones.shape[0] // 2] = 255
    for picture in (tones, ~tones, np.full(shape, 255, np.uint8)):
        plain = without_lines(picture, 100)
        assert plain is None or plain.shape == shape


def test_row_of_pixels_is_prepared_or_blank() -> None:
    """Where a line across the picture is all of the ink that is no line down it."""
    row = np.repeat([96, 48, 96, 79, 217, 134, 207], [41, 247, 93, 20, 465, 219, 2817])
    with pytest.raises(BlankPicture):
        prepare(Image.fromarray(row.astype(np.uint8)[np.newaxis]))


def test_stroke_goes_on_over_a_line() -> None:
    tones = np.zeros((200, 300), dtype=np.uint8)
    tones[90:110, 100:200] = 255
    crossed = tones.copy()
    crossed[:, 150:153] = 200
    plain = without_lines(crossed, 100)
    assert plain is not None
    assert np.array_equal(plain, tones)


def test_fine_line_beside_much_ink_is_overdrawn() -> None:
    tones = np.zeros((400, 400), dtype=np.uint8)
    tones[20:380, 20:380] = 255
    tones[:, 390] = 255
    plain = without_lines(tones, 100)
    assert plain is not None
    assert not plain[:, 385:].any()


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
