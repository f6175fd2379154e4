"""Greys that are made of dots."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from PIL import Image

from app.picture.dither import without_dots
from app.preprocessing import prepare
from app.recognizer import Recognizer

EIGHT = next(path for path in DIGITS if path.name.startswith("8"))


def dots(grey: Image.Image) -> Image.Image:
    """Black and white dots in its place (Floyd and Steinberg 1976)."""
    return grey.convert("1")


def picture(ink: int, paper: int, side: int) -> Image.Image:
    large = Image.fromarray(pixels_of(EIGHT)).resize((side, side), Image.Resampling.BICUBIC)
    return large.point([paper + (ink - paper) * tone // 255 for tone in range(256)])


@pytest.mark.parametrize("side", [160, 280, 400])
def test_dots_become_the_greys_that_they_stand_for(side: int) -> None:
    grey = picture(ink=60, paper=200, side=side)
    smooth = without_dots(np.asarray(dots(grey).convert("L")))
    inner = np.s_[side // 8 : -side // 8, side // 8 : -side // 8]
    difference = np.abs(smooth.astype(float) - np.asarray(grey))[inner]
    assert np.median(difference) < 8
    assert smooth[:, : side // 8].std() < 12


@pytest.mark.parametrize(("ink", "paper"), [(60, 200), (0, 225), (230, 60), (120, 30)])
def test_digit_of_dots_is_named(ink: int, paper: int, recognizer: Recognizer) -> None:
    for side in (160, 280, 400, 900):
        prepared = prepare(dots(picture(ink, paper, side)))
        assert recognizer.predict(prepared.image).digit == 8


@pytest.mark.parametrize("side", [28, 60, 120, 400])
def test_pen_of_two_tones_stays_as_it_is(side: int) -> None:
    plain = picture(ink=0, paper=255, side=side).convert("1", dither=Image.Dither.NONE)
    tones = np.asarray(plain.convert("L"))
    assert without_dots(tones) is tones


def test_dots_of_more_than_two_tones_stay_as_they_are() -> None:
    tones = np.asarray(dots(picture(ink=60, paper=200, side=280)).convert("L")).copy()
    tones[0, 0] = 128
    assert without_dots(tones) is tones


@pytest.mark.parametrize("size", [(20, 100), (40, 120), (100, 20)])
def test_ramp_of_dots_is_prepared(size: tuple[int, int]) -> None:
    """Of which all that is there encloses itself, faintly."""
    width, height = size
    ramp = np.linspace(0, 255, width * height).reshape(height, width).astype(np.uint8)
    assert prepare(dots(Image.fromarray(ramp))).image.any()


def test_small_picture_stays_as_it_is() -> None:
    tones = np.asarray(dots(picture(ink=60, paper=200, side=60)).convert("L"))
    assert without_dots(tones) is tones
