"""Frames around a picture, and bars at its sides."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from frames import in_frame
from PIL import Image

from app.picture.brightness import brightness
from app.picture.frame import without_frame
from app.picture.morphology import Tones
from app.preprocessing import prepare
from app.recognizer import Recognizer

SEVEN = next(path for path in DIGITS if path.name.startswith("7"))


def panel(ground: int = 120, ink: int = 10) -> Tones:
    """A 7, 100 pixels wide and 120 high."""
    tones = np.full((120, 100), ground, dtype=np.uint8)
    tones[20:32, 20:80] = ink
    tones[32:100, 50:62] = ink
    return tones


def framed(inner: Tones, *widths: int, tone: int = 250) -> Tones:
    """With a frame: its width above, below, left and right."""
    top, bottom, left, right = widths
    return np.pad(inner, ((top, bottom), (left, right)), constant_values=tone)


@pytest.mark.parametrize(
    "widths",
    [(30, 30, 30, 30), (1, 1, 1, 1), (5, 60, 9, 22), (40, 40, 0, 0), (0, 0, 40, 40)]
    + [tuple(40 * (side == one) for side in range(4)) for one in range(4)],
)
@pytest.mark.parametrize("invert", [False, True])
def test_frame_gets_the_tone_of_the_ground(widths: tuple[int, int, int, int], invert: bool) -> None:
    grey = framed(panel(), *widths)
    plain = without_frame(255 - grey if invert else grey)
    expected = framed(panel(), *widths, tone=120)
    assert np.array_equal(255 - plain if invert else plain, expected)


def test_frame_in_a_frame() -> None:
    grey = framed(framed(panel(), 5, 5, 5, 5, tone=60), 20, 20, 20, 20)
    assert np.array_equal(without_frame(grey), framed(panel(), 25, 25, 25, 25, tone=120))


def test_frame_of_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 4, (180, 160))
    grey = np.clip(framed(panel(), 30, 30, 30, 30, tone=200) + noise, 0, 255).astype(np.uint8)
    plain = without_frame(grey)
    assert np.array_equal(plain[32:-32, 32:-32], grey[32:-32, 32:-32])
    assert (plain[:30] == plain[0, 0]).all()
    assert abs(int(plain[0, 0]) - 120) <= 2


@pytest.mark.parametrize("invert", [False, True])
def test_frame_as_bright_as_the_ink(invert: bool) -> None:
    grey = framed(panel(ground=10, ink=250), 3, 3, 3, 3)
    plain = without_frame(255 - grey if invert else grey)
    expected = framed(panel(ground=10, ink=250), 3, 3, 3, 3, tone=10)
    assert np.array_equal(255 - plain if invert else plain, expected)


@pytest.mark.parametrize("invert", [False, True])
def test_digits_with_a_border_as_bright_as_the_ink(invert: bool, recognizer: Recognizer) -> None:
    wrong = []
    for path in DIGITS:
        tones = np.pad(pixels_of(path), 2, constant_values=255)
        prepared = prepare(Image.fromarray(~tones if invert else tones))
        if recognizer.predict(prepared.image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("wide", [1, 2, 5])
def test_digit_close_to_the_frame(wide: int) -> None:
    inner = np.full((24, 24), 10, np.uint8)
    inner[2:5, 2:20] = inner[5:22, 14:17] = 250
    plain = without_frame(framed(inner, *[wide] * 4))
    assert np.array_equal(plain, framed(inner, *[wide] * 4, tone=10))


def dotted_zero(slash: bool) -> Tones:
    """Cut out along its straight lines."""
    hole = np.full((100, 60), 250, np.uint8)
    hole[40:60, 20:40] = 10
    if slash:
        hole[0:100, 27:33] = 10
    return framed(hole, 14, 14, 14, 14, tone=10)


def zero_of_lines() -> Tones:
    hole = framed(np.full((100, 60), 250, np.uint8), 1, 1, 1, 1, tone=130)  # its edge is soft
    return framed(hole, 14, 14, 14, 14, tone=10)


def slope() -> Tones:
    """Light that falls off: bright above, darker below."""
    grey = np.repeat(np.linspace(220, 120, 200)[:, None], 160, axis=1).astype(np.uint8)
    grey[90:170, 70:90] = 20
    return grey


@pytest.mark.parametrize(
    "grey",
    [
        panel(),
        framed(zero_of_lines(), 20, 20, 20, 20),
        dotted_zero(slash=False),
        dotted_zero(slash=True),
        framed(np.full((80, 14), 10, np.uint8), 20, 20, 40, 40),
        framed(np.full((80, 60), 10, np.uint8), 20, 20, 40, 40),
        framed(panel(ground=225), 30, 30, 30, 30),
        slope(),
        np.full((5, 5), 9, dtype=np.uint8),
    ],
    ids=[
        "none",
        "0 of straight lines",
        "0 with a dot",
        "0 with a bar",
        "bold 1",
        "block",
        "as bright as the ground",
        "slope",
        "one tone",
    ],
)
def test_other_pictures_stay_as_they_are(grey: Tones) -> None:
    assert np.array_equal(without_frame(grey), grey)


@pytest.mark.parametrize("width", [5, 9, 19])
def test_small_digit_on_a_wide_canvas_is_no_frame(width: int) -> None:
    """Rows in which there is a thin stroke only are not of one tone."""
    grey = np.full((100, 400), 255, dtype=np.uint8)
    grey[10:90, 200 : 200 + width] = 0
    grey[60:84, 160:230] = 0
    grey[70:74, 190:194] = 60
    assert np.array_equal(without_frame(grey), grey)


def test_small_bold_digit_that_fills_its_box_is_no_frame() -> None:
    grey = np.full((24, 15), 255, dtype=np.uint8)
    grey[2:22, 2:13] = 60
    grey[7:17, 6:9] = 0
    assert np.array_equal(without_frame(grey), grey)


def test_stroke_may_reach_the_frame() -> None:
    inner = panel()
    inner[100:, 50:62] = 10  # twelve of 440 pixels along the border
    plain = without_frame(framed(inner, 30, 30, 30, 30))
    assert plain[30 + 110, 30 + 55] == 10
    assert plain[0, 0] == 120


@pytest.mark.parametrize("seed", range(12))
def test_framed_digit_is_named(seed: int, recognizer: Recognizer) -> None:
    random = np.random.default_rng(seed)
    picture = in_frame(random, pixels_of(SEVEN), *random.integers(1, 80, size=4).tolist())
    assert (without_frame(brightness(picture)) != brightness(picture)).any()
    assert recognizer.predict(prepare(picture).image).digit == 7
