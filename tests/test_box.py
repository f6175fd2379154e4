"""A digit that touches or crosses the lines of its box is read without them."""

from operator import attrgetter

import numpy as np
import pytest
from conftest import REPOSITORY
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.picture.box import find_box
from app.picture.components import bounding_box, label_components
from app.picture.enclosure import find_lines
from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE = 300
BOX = (80, 60, 220, 230)


def boxed(
    digit: int,
    at: tuple[int, int] = (150, 145),
    *,
    box: tuple[int, int, int, int] = BOX,
    line: int = 3,
    size: int = 130,
    degrees: float = 0,
) -> Image.Image:
    """A printed digit around a place, in a box of lines that is turned, black on white."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(picture).rectangle(box, outline=0, width=line)
    picture = picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).text(at, str(digit), 0, font, anchor="mm", stroke_width=2)
    return picture


def found_in(picture: Image.Image) -> NDArray[np.bool_] | None:
    labels, components = label_components(np.asarray(picture.convert("L")) < 128)
    return find_lines(labels, max(components, key=attrgetter("area")), find_box)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(REPOSITORY / "weights")


@pytest.mark.parametrize("degrees", [0, -2.3, 5.5])
@pytest.mark.parametrize(
    "at",
    [
        pytest.param((190, 145), id="right"),
        pytest.param((110, 145), id="left"),
        pytest.param((150, 105), id="above"),
        pytest.param((150, 190), id="below"),
    ],
)
@pytest.mark.parametrize("digit", [2, 3, 4, 5, 6, 9])
def test_digit_is_named(
    recognizer: Recognizer, digit: int, at: tuple[int, int], degrees: float
) -> None:
    picture = boxed(digit, at, degrees=degrees)
    assert found_in(picture) is not None
    prepared = prepare(picture)
    assert recognizer.predict(prepared.image).digit == digit
    assert not prepared.several_digits
    alone = bounding_box(np.asarray(boxed(digit, at, line=0)) < 128)
    assert np.abs(np.subtract(prepared.bounding_box, alone)).max() <= 6


def test_lines_are_found_and_nothing_else() -> None:
    digit = np.asarray(boxed(4, (190, 145), line=0)) < 128
    lines = found_in(boxed(4, (190, 145)))
    box = np.asarray(boxed(4, (0, 0), size=1)) < 128
    assert lines is not None
    assert lines[box & ~digit].mean() > 0.98
    assert lines[digit].mean() < 0.02  # what crosses a line stays
    beside = ~(box | digit)
    assert not lines[beside & ~np.roll(box, 1, 0) & ~np.roll(box, -1, 0)].all()
    assert lines.sum() < 1.8 * box.sum()


def ring(text: str = "") -> Image.Image:
    """A wide ellipse, and what is in it."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse(BOX, outline=0, width=4)
    draw.text((150, 145), text, 0, ImageFont.load_default(170), anchor="mm")
    return picture


def display(line: int = 14) -> Image.Image:
    """An 8 of straight bars."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle(BOX, outline=0, width=line)
    draw.line([BOX[0], 145, BOX[2], 145], 0, line)
    return picture


def rounded() -> Image.Image:
    """A 4 that touches a box with round corners."""
    picture = boxed(4, (190, 145), line=0)
    ImageDraw.Draw(picture).rounded_rectangle(BOX, 25, outline=0, width=3)
    return picture


def at_the_border() -> Image.Image:
    """A disc that touches the picture's edges: the corners around it hang together."""
    picture = boxed(1, box=(0, 0, SIDE - 1, SIDE - 1), size=60)
    ImageDraw.Draw(picture).ellipse([2, 2, SIDE - 3, SIDE - 3], 255, 0, 3)
    return picture


def small_box() -> Image.Image:
    """A box much smaller than what hangs together with it."""
    picture = boxed(1, (130, 130), box=(100, 100, 180, 160), size=60)
    ImageDraw.Draw(picture).line([(180, 160), (290, 290), (290, 20)], 0, 3)
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(boxed(4), id="no line touched"),
        pytest.param(boxed(1, (0, 0), size=1), id="empty box"),
        pytest.param(boxed(1, (150, 65), size=30), id="hardly anything in the box"),
        pytest.param(boxed(3, (185, 145), degrees=12), id="turned too far"),
        pytest.param(boxed(3, (185, 145), line=24), id="thick lines"),
        pytest.param(boxed(3, (150, 145), box=(131, 131, 169, 169), size=50, line=1), id="small"),
        pytest.param(rounded(), id="round corners"),
        pytest.param(ring("8"), id="ellipse"),
        pytest.param(display(), id="8 of bars"),
        pytest.param(display(3), id="8 of thin bars"),
        pytest.param(at_the_border(), id="corners of the picture"),
        pytest.param(small_box(), id="small part"),
    ],
)
def test_what_is_no_such_box(picture: Image.Image) -> None:
    assert found_in(picture) is None


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("size", [60, 250])
def test_digits_are_no_boxes(digit: int, size: int) -> None:
    for width in (0, 6):
        picture = Image.new("L", (SIDE, SIDE), 255)
        font = ImageFont.load_default(size)
        ImageDraw.Draw(picture).text(
            (150, 150), str(digit), 0, font, anchor="mm", stroke_width=width
        )
        assert found_in(picture) is None
