"""Which parts of the ink belong to the digit, and which are boxes, print, and cut by the border."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.components import CROWD, FoundDigit, find_digit

Mask = NDArray[np.bool_]


def found_in(mask: Mask) -> FoundDigit:
    """The digit in ink that has no faint parts."""
    return find_digit(mask, mask)


def mask_of(*boxes: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros((100, 100), bool)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


BAR = (40, 30, 50, 70)


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(0, 0, 25, 60)], id="a larger part that the border cuts"),
        pytest.param([(35, 90, 55, 100)], id="a part near by that the border cuts"),
        pytest.param([(25, 74, 75, 76)], id="a line that is longer"),
        pytest.param([(40, 82, 46, 88)], id="a part that is far"),
    ],
)
def test_what_does_not_belong_to_the_digit(boxes: list[tuple[int, int, int, int]]) -> None:
    found = found_in(mask_of(BAR, *boxes))
    assert np.array_equal(found.mask, mask_of(BAR))
    assert not found.several


def test_box_around_the_digit_is_left_out() -> None:
    box = mask_of((20, 20, 70, 80)) & ~mask_of((23, 23, 67, 77))
    assert np.array_equal(found_in(box | mask_of(BAR)).mask, mask_of(BAR))


def test_box_whose_lines_are_broken_is_left_out() -> None:
    box = mask_of((28, 20, 62, 80)) & ~mask_of((30, 22, 60, 78))
    broken = box & ~mask_of((28, 40, 62, 45), (40, 20, 50, 80))
    mask, digit = broken | mask_of(BAR), mask_of(BAR)
    assert not np.array_equal(found_in(mask).mask, digit)
    assert np.array_equal(find_digit(mask, box | digit).mask, digit)


def test_parts_of_a_digit_that_hang_together_faintly_stay() -> None:
    ring = mask_of((30, 20, 70, 80)) & ~mask_of((36, 26, 64, 74))
    broken = ring & ~mask_of((30, 48, 70, 52))
    assert np.array_equal(find_digit(broken, ring).mask, broken)


@pytest.mark.parametrize("letters", [CROWD, CROWD - 1])
def test_print_beside_the_digit_is_left_out(letters: int) -> None:
    near = [(42, 74, 48, 78)]
    far = [(8 * i, 90, 8 * i + 6, 94) for i in range(letters)]
    kept = found_in(mask_of(BAR, *near, *far)).mask
    assert np.array_equal(kept, mask_of(BAR, *([] if letters >= CROWD else near)))


def test_digit_that_fills_the_picture_is_kept() -> None:
    seven = mask_of((0, 0, 100, 20), (60, 20, 80, 100))
    found = found_in(seven | mask_of((20, 60, 30, 70))).mask
    assert found[seven].all()


def test_five_that_the_border_cuts_keeps_its_bar() -> None:
    body = mask_of((30, 40, 36, 70), (30, 64, 60, 70), (54, 64, 60, 100))
    bar = mask_of((40, 30, 66, 38))
    assert np.array_equal(found_in(body | bar).mask, body | bar)


def test_thumb_near_the_digit_is_left_out() -> None:
    digit = mask_of((40, 30, 46, 70), (40, 30, 66, 36))
    assert np.array_equal(found_in(digit | mask_of((0, 40, 30, 70))).mask, digit)
