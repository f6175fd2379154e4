"""Which brightness tells ink from paper in colour."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from matplotlib import colormaps
from PIL import Image

from app.picture.brightness import brightness
from app.preprocessing import prepare
from app.recognizer import Recognizer


def plot(digit: np.ndarray, colours: str, around: str, margin: int = 60) -> Image.Image:
    """MNIST's pixels in the colours of a plotting library, on a page."""
    pixels = Image.fromarray((255 * colormaps[colours](digit)[..., :3]).astype(np.uint8))
    pixels = pixels.resize((224, 224), Image.Resampling.NEAREST)
    page = Image.new("RGB", (224 + 2 * margin, 224 + margin), around)
    page.paste(pixels, (margin, margin // 3))
    page.paste("grey", (margin + 20, 224 + margin // 2, margin + 30, 224 + margin // 2 + 10))
    return page


@pytest.mark.parametrize("colours", ["viridis", "plasma", "inferno", "gray"])
@pytest.mark.parametrize("around", ["white", "black"])
def test_plots_of_digits_are_named(colours: str, around: str, recognizer: Recognizer) -> None:
    wrong = []
    for path in DIGITS[::2]:
        seen = prepare(plot(pixels_of(path), colours, around))
        if recognizer.predict(seen.image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= 1, wrong


def test_colours_count_as_ink_on_white_and_not_on_a_sheet_that_lies_on_it() -> None:
    yellow, violet = (253, 231, 37), (68, 1, 84)
    page = Image.new("RGB", (300, 300), "white")
    page.paste(yellow, (140, 60, 160, 240))
    assert brightness(page)[150, 150] < 120
    page.paste(violet, (50, 20, 250, 280))
    page.paste(yellow, (140, 60, 160, 240))
    assert brightness(page)[150, 150] > 200


def test_sheet_that_colours_show_better_is_seen_by_them() -> None:
    yellow, white = (255, 255, 0), (255, 255, 255)
    page = Image.new("RGB", (300, 300), white)
    page.paste(yellow, (50, 20, 250, 280))
    page.paste(white, (140, 60, 160, 240))
    assert brightness(page)[150, 100] == 0


def test_part_of_a_digit_in_many_colours_is_no_sheet() -> None:
    """A dark part with a bright hole in it, of a digit that is bright elsewhere."""
    page = Image.new("RGB", (300, 300), "white")
    page.paste((255, 255, 0), (60, 20, 110, 280))
    page.paste((160, 0, 160), (60, 130, 150, 200))
    page.paste((255, 255, 0), (95, 145, 110, 185))
    assert brightness(page)[50, 80] == 0
