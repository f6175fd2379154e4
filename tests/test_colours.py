"""Ink that luminance hides."""

import matplotlib as mpl
import numpy as np
import pytest
from canvas import solid
from conftest import DIGITS, pixels_of
from photography import as_image, drawn
from PIL import Image, ImageDraw

from app.picture.colours import distance_from_paper
from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE = 280


def digit(name: str) -> np.ndarray:
    path = next(path for path in DIGITS if path.name.startswith(name))
    return pixels_of(path)


def mapped(colours: str, name: str) -> Image.Image:
    """A digit in the colours of a plotting library."""
    grey = np.asarray(Image.fromarray(digit(name)).resize((SIDE, SIDE)))
    return as_image(mpl.colormaps[colours](grey)[..., :3])


def rainbow(paper: float, name: str) -> Image.Image:
    """Every hue from top to bottom."""
    hues = mpl.colormaps["hsv"](np.linspace(0, 1, SIDE))[:, None, :3]
    ink = solid(digit(name), SIDE)[..., None]
    return as_image(paper * (1 - ink) + hues * ink)


PICTURES = {
    "jet": lambda name: mapped("jet", name),
    "blue over white to red": lambda name: mapped("bwr", name),
    "rainbow on grey": lambda name: rainbow(0.5, name),
    "rainbow on light grey": lambda name: rainbow(0.75, name),
}


@pytest.mark.parametrize("name", ["1", "2", "4", "5"])
@pytest.mark.parametrize("kind", PICTURES)
def test_digit_is_named_in(kind: str, name: str, recognizer: Recognizer) -> None:
    picture = PICTURES[kind](name)
    assert recognizer.predict(prepare(picture).image).digit == int(name)


def distance(picture: Image.Image) -> np.ndarray | None:
    return distance_from_paper(picture, np.asarray(picture.convert("L")))


def test_distance_is_the_greatest_of_the_channels_and_leaves_the_paper_as_it_is() -> None:
    for paper, light in (("#404040", False), ("#c0c0c0", True)):
        picture = Image.new("RGB", (60, 60), paper)
        draw = ImageDraw.Draw(picture)
        draw.rectangle([25, 5, 34, 29], "#4060ff" if light else "#a01000")
        draw.rectangle([25, 30, 34, 54], "#ff70ff" if light else "#004b00")
        found = distance(picture)
        assert found is not None
        assert found[0, 0] == (255 if light else 0)
        assert set(found[5:30, 25:35].flat) == {0 if light else 255}


def on_highlighter() -> Image.Image:
    picture = Image.new("RGB", (200, 200), "#d0d0d0")
    draw = ImageDraw.Draw(picture)
    draw.rectangle([40, 40, 160, 160], "#f0e070")
    draw.line([(80, 80), (120, 80), (90, 150)], "#101040", 10)
    return picture


def on_uneven_paper() -> Image.Image:
    picture = rainbow(0.5, "4")
    picture.paste("white", (0, 0, SIDE, SIDE // 3))
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(on_highlighter(), id="ink on what a highlighter went over"),
        pytest.param(on_uneven_paper(), id="paper of two colours"),
        pytest.param(
            as_image(
                drawn(np.full((SIDE, SIDE, 3), 0.8), solid(digit("3"), SIDE), (0.1, 0.1, 0.4))
            ),
            id="ink that luminance shows",
        ),
        pytest.param(Image.new("RGB", (50, 50), "#808080"), id="blank"),
    ],
)
def test_brightness_is_enough_for(picture: Image.Image) -> None:
    assert distance(picture) is None
