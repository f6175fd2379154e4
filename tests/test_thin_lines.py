"""Lines of paper seen at a slant are left out, if the pen is wider than they are."""

import numpy as np
import pytest
from conftest import DIGITS, REPOSITORY, label_of, pixels_of
from drawings import drawing
from PIL import Image, ImageDraw

from app.decoding import decode_image
from app.picture.morphology import Tones
from app.picture.thin_lines import without_thin_lines
from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE = 400
FAN = [((0, 40 + 70 * i), (SIDE, 10 + 80 * i)) for i in range(5)]
"""Lines that run apart."""
ACROSS = [((60 + 80 * i, 0), (40 + 90 * i, SIDE)) for i in range(4)]


def paper(lines: list[tuple[tuple[int, int], tuple[int, int]]], width: int = 3) -> Image.Image:
    picture = Image.new("L", (SIDE, SIDE))
    for line in lines:
        ImageDraw.Draw(picture).line(line, 200, width)
    return picture


def with_stroke(picture: Image.Image, width: int = 20) -> Image.Image:
    picture = picture.copy()
    ImageDraw.Draw(picture).line([(150, 100), (250, 110), (190, 310)], 255, width, joint="curve")
    return picture


def without(picture: Image.Image) -> Tones | None:
    return without_thin_lines(np.asarray(picture), 100)


@pytest.mark.parametrize("lines", [FAN, ACROSS, FAN + ACROSS], ids=["ruled", "turned", "squared"])
@pytest.mark.parametrize("width", [1, 4])
def test_lines_go_and_the_stroke_stays(
    lines: list[tuple[tuple[int, int], tuple[int, int]]], width: int
) -> None:
    plain = without(with_stroke(paper(lines, width)))
    assert plain is not None
    alone = np.asarray(with_stroke(Image.new("L", (SIDE, SIDE)))) > 100
    assert np.count_nonzero((plain > 100) & ~alone) < 0.04 * np.count_nonzero(alone)
    assert np.count_nonzero(alone & ~(plain > 100)) < 0.01 * np.count_nonzero(alone)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(with_stroke(Image.new("L", (SIDE, SIDE))), id="no lines"),
        pytest.param(paper(FAN + ACROSS), id="no strokes"),
        pytest.param(with_stroke(paper(FAN + ACROSS, 5), 5), id="strokes no wider than lines"),
        pytest.param(with_stroke(paper(FAN[:1])), id="one line"),
        pytest.param(with_stroke(paper(FAN, 24)), id="thick lines"),
        pytest.param(
            with_stroke(paper([((x, 0), (x, 30)) for x in range(5, SIDE, 20)])), id="short lines"
        ),
    ],
)
def test_nothing_is_left_out(picture: Image.Image) -> None:
    assert without(picture) is None


def test_digits_on_slanted_paper_are_named() -> None:
    recognizer = Recognizer.load(REPOSITORY / "weights")
    pictures = [drawing("slanted lines", pixels_of(path), seed) for seed, path in enumerate(DIGITS)]
    images = [prepare(decode_image(picture, 10**6)).image for picture in pictures]
    right = [
        recognizer.predict(image).digit == label_of(path)
        for image, path in zip(images, DIGITS, strict=True)
    ]
    assert sum(right) >= 0.9 * len(right)
