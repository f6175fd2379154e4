"""Digits that are filled with dots: lamps, beads, stitches."""

from pathlib import Path

import numpy as np
import pytest
from conftest import DIGITS, label_of, pixels_of
from numpy.typing import NDArray
from PIL import Image

from app.picture.components import label_components
from app.picture.lattice import find_filled
from app.picture.morphology import dilate
from app.preprocessing import prepare
from app.recognizer import Recognizer

ROUND = np.hypot(*np.mgrid[-5.5:6, -5.5:6]) < 4.8
SQUARE = np.pad(np.ones((9, 9), bool), ((1, 2), (1, 2)))
CROSS = np.pad(np.eye(9, dtype=bool) | np.eye(9, k=1, dtype=bool), ((1, 2), (1, 2)))
CROSS = CROSS | CROSS[:, ::-1]


def panel(lit: NDArray[np.bool_], dot: NDArray[np.bool_] = ROUND) -> NDArray[np.bool_]:
    """Dots where a plane is set."""
    return np.kron(np.pad(lit, 2), dot).astype(bool)


def lit(path: Path) -> NDArray[np.bool_]:
    """Which lamps show a digit."""
    return pixels_of(path) > 127


def as_picture(ink: NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(np.where(ink, 0, 255).astype(np.uint8))


def filled(ink: NDArray[np.bool_]) -> list[int]:
    """How many dots fill each digit."""
    parts = label_components(ink)[1]
    return [len(stroke.pieces) for stroke in find_filled(parts, int(ink.sum()))]


@pytest.mark.parametrize("dot", [ROUND, SQUARE, CROSS], ids=["round", "square", "cross"])
@pytest.mark.parametrize("path", DIGITS[:10], ids=lambda path: path.stem)
def test_filled_digit_is_named(recognizer: Recognizer, path: Path, dot: NDArray[np.bool_]) -> None:
    prepared = prepare(as_picture(panel(lit(path), dot)))
    assert recognizer.predict(prepared.image).digit == label_of(path)
    assert not prepared.several_digits


def test_dots_grow_until_they_hang_together() -> None:
    ink = panel(lit(DIGITS[0]))
    labels, parts = label_components(ink)
    (stroke,) = find_filled(parts, int(ink.sum()))
    assert stroke.labels == set(range(1, labels.max() + 1))
    assert len(label_components(dilate(ink, stroke.growth))[1]) == 1
    assert len(label_components(dilate(ink, stroke.growth - 1))[1]) > 1


def test_two_digits_are_two() -> None:
    one = lit(DIGITS[0])
    assert filled(panel(np.hstack([one, one]))) == [one.sum()] * 2
    assert prepare(as_picture(panel(np.hstack([one, one])))).several_digits


def test_some_dots_may_be_cut(recognizer: Recognizer) -> None:
    whole = np.asarray(Image.fromarray(pixels_of(DIGITS[0])).resize((336, 336))) > 127
    ink = whole & np.tile(ROUND, (28, 28))
    prepared = prepare(as_picture(np.pad(ink, 20)))
    assert recognizer.predict(prepared.image).digit == label_of(DIGITS[0])


@pytest.mark.parametrize("shape", [(9, 9), (14, 8)], ids=["square", "upright"])
def test_block_of_dots_is_no_digit(shape: tuple[int, int]) -> None:
    assert filled(panel(np.ones(shape, bool))) == []


def test_line_of_dots_is_no_digit() -> None:
    assert filled(panel(np.indices((6, 30)).sum(axis=0) % 2 == 0)) == []


def test_narrow_block_may_be_a_1() -> None:
    assert filled(panel(np.ones((12, 3), bool))) == [36]


def test_sheet_of_digits_is_no_digit() -> None:
    sheet = np.zeros((10, 28, 10, 28), bool)
    for at in range(100):
        if at % 5 < 3:  # not full, and bold
            sheet[at // 10, :, at % 10] = pixels_of(DIGITS[at % len(DIGITS)]) > 20
    assert filled(sheet.reshape(280, 280)) == []


def test_dots_beside_a_digit_are_none() -> None:
    ink = np.hstack([panel(np.ones((12, 3), bool)), np.ones((192, 40), bool)])
    assert filled(ink) == []
