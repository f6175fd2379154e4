"""A digit in a ring, drawn by hand or not, is read without it, whether they touch or not."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import DIGITS, REPOSITORY, pixels_of
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.picture.components import bounding_box, label_components
from app.picture.enclosure import find_lines
from app.picture.ring import find_ring
from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE = 300
MIDDLE = (150, 150)
CIRCLE = (70, 70, 230, 230)

Draw = Callable[[str, tuple[int, int]], Image.Image]


def written(digit: str, at: tuple[int, int] = MIDDLE, size: int = 150) -> Image.Image:
    """A printed digit around a place, black on white."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).text(at, digit, 0, font, anchor="mm", stroke_width=3)
    return picture


def circled(
    digit: str,
    at: tuple[int, int] = MIDDLE,
    *,
    size: int = 150,
    box: tuple[int, int, int, int] = CIRCLE,
    line: int = 5,
    gap: int = 0,
) -> Image.Image:
    """The same in an ellipse; a part of it, in degrees, is missing on the left."""
    picture = written(digit, at, size)
    ImageDraw.Draw(picture).arc(box, 180 + gap / 2, 180 - gap / 2 + 360, 0, line)
    return picture


def in_round_box(digit: str, at: tuple[int, int] = MIDDLE, radius: int = 25) -> Image.Image:
    picture = written(digit, at)
    ImageDraw.Draw(picture).rounded_rectangle((75, 75, 225, 225), radius, outline=0, width=5)
    return picture


def found_in(picture: Image.Image) -> NDArray[np.bool_] | None:
    labels, components = label_components(np.asarray(picture) < 128)
    return find_lines(labels, max(components, key=lambda part: part.width * part.height), find_ring)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(REPOSITORY / "weights")


@pytest.mark.parametrize("draw", [circled, in_round_box])
@pytest.mark.parametrize(
    "at",
    [
        pytest.param(MIDDLE, id="clear"),
        pytest.param((185, 150), id="right"),
        pytest.param((115, 150), id="left"),
        pytest.param((150, 125), id="above"),
        pytest.param((150, 175), id="below"),
    ],
)
@pytest.mark.parametrize("digit", "023456789")
def test_digit_is_named(
    recognizer: Recognizer, digit: str, at: tuple[int, int], draw: Draw
) -> None:
    assert (found_in(draw(digit, at)) is None) == (at == MIDDLE)
    prepared = prepare(draw(digit, at))
    assert recognizer.predict(prepared.image).digit == int(digit)
    alone = bounding_box(np.asarray(written(digit, at)) < 128)
    assert prepared.bounding_box == pytest.approx(alone, abs=12)


@pytest.mark.parametrize("gap", [20, 40])
def test_ring_that_does_not_close(recognizer: Recognizer, gap: int) -> None:
    picture = circled("4", (178, 150), gap=gap)
    assert recognizer.predict(prepare(picture).image).digit == 4


def test_small_digit_in_a_ring_that_it_touches(recognizer: Recognizer) -> None:
    picture = circled("5", (188, 150), size=110)
    assert recognizer.predict(prepare(picture).image).digit == 5


@pytest.mark.parametrize("end", [(150, 150), (140, 155)])
def test_zero_with_a_loose_end_in_it(end: tuple[int, int]) -> None:
    picture = circled("", box=(90, 60, 210, 240), line=8)
    ImageDraw.Draw(picture).line([(165, 65), end], 0, 8)
    assert found_in(picture) is None


def test_ring_goes_and_what_crosses_it_stays() -> None:
    digit = np.asarray(written("4", (150, 185))) < 128
    ring = np.asarray(circled("", MIDDLE)) < 128
    lines = found_in(circled("4", (150, 185)))
    assert lines is not None
    assert np.count_nonzero(lines & ring & ~digit) > 0.95 * np.count_nonzero(ring & ~digit)
    beyond = digit & (np.hypot(*np.indices(digit.shape) - 150.0) > 82)
    assert beyond.any()
    assert np.count_nonzero(lines & digit) < 0.05 * np.count_nonzero(digit)
    assert np.count_nonzero(lines & beyond) < 0.1 * np.count_nonzero(beyond)


def test_one_in_a_ring_that_it_touches_once(recognizer: Recognizer) -> None:
    picture = circled("", box=(60, 60, 240, 240))
    ImageDraw.Draw(picture).line([(150, 85), (150, 236)], 0, 14)
    assert recognizer.predict(prepare(picture).image).digit == 1


@pytest.mark.parametrize("line", [6, 12, 18])
def test_slashed_zero_is_a_zero(recognizer: Recognizer, line: int) -> None:
    picture = circled("", box=(90, 60, 210, 240), line=line)
    ImageDraw.Draw(picture).line([(105, 225), (195, 75)], 0, line)
    assert found_in(picture) is None
    assert recognizer.predict(prepare(picture).image).digit == 0


@pytest.mark.parametrize("width", [200, 90])
@pytest.mark.parametrize("path", DIGITS, ids=lambda path: path.stem)
def test_digit_without_a_ring_has_none(path: object, width: int) -> None:
    picture = Image.fromarray(255 - pixels_of(path)).resize(
        (width, width), Image.Resampling.BICUBIC
    )
    assert found_in(picture) is None


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(circled(""), id="empty"),
        pytest.param(circled("4"), id="clear"),
        pytest.param(circled("4", size=50), id="hardly anything in it"),
        pytest.param(circled("4", (178, 150), line=24), id="thick"),
        pytest.param(circled("4", (178, 150), gap=170), id="half of it"),
        pytest.param(circled("4", (150, 220)), id="most of the digit below it"),
        pytest.param(circled("4", size=20, box=(135, 135, 165, 165), line=1), id="small"),
        pytest.param(circled("4", box=(-20, 40, 220, 270)), id="cut by the border"),
        pytest.param(written("8", size=250), id="an 8"),
    ],
)
def test_no_ring_is_found(picture: Image.Image) -> None:
    assert found_in(picture) is None
