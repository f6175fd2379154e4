"""How wide strokes are, and how they become wider or narrower."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from numpy.typing import NDArray

from app.picture.morphology import dilate, erode
from app.picture.strokes import normalize_stroke_width, stroke_width


def bar(width: int, height: int = 100) -> NDArray[np.float32]:
    """A vertical stroke in the middle of a square."""
    plane = np.zeros((120, 120), dtype=np.float32)
    plane[10 : 10 + height, 60 - width // 2 : 60 - width // 2 + width] = 1
    return plane


@pytest.mark.parametrize("width", [2, 6, 12, 20])
def test_width_of_a_bar(width: int) -> None:
    assert stroke_width(bar(width)) == pytest.approx(width, rel=0.2)


def test_width_of_mnist() -> None:
    widths = [stroke_width(pixels_of(path) / np.float32(255)) for path in DIGITS]
    assert 1.5 < np.median(widths) < 3.2


@pytest.mark.parametrize("radius", [1, 3, 8])
def test_dilation_and_erosion_undo_each_other_on_a_bar(radius: int) -> None:
    plane = bar(20, height=80)
    assert dilate(plane, radius).sum() > plane.sum()
    assert np.abs(erode(dilate(plane, radius), radius) - plane).mean() < 0.01


def test_dilation_reaches_its_radius() -> None:
    point = np.zeros((21, 21), dtype=np.float32)
    point[10, 10] = 1
    assert dilate(point, 4)[10].sum() == dilate(point, 4)[:, 10].sum() == 9


@pytest.mark.parametrize("width", [1, 3, 30])
def test_strokes_outside_the_band_are_brought_into_it(width: int) -> None:
    changed = normalize_stroke_width(bar(width), side=100)
    assert 0.07 < stroke_width(changed) / 100 < 0.2


@pytest.mark.parametrize("width", [9, 12, 16])
def test_strokes_inside_the_band_are_left(width: int) -> None:
    assert np.array_equal(normalize_stroke_width(bar(width), side=100), bar(width))
