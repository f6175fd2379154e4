"""Which parts of the ink belong to the digit, and which are boxes, print, and cut by the border."""

import numpy as np
import pytest
from conftest import ink_of
from numpy.typing import NDArray
from PIL import Image

from app.picture.components import label_components
from app.picture.digit import CROWD, FoundDigit, find_digit

Mask = NDArray[np.bool_]


def drawn(*rows: str) -> Mask:
    return np.array([[character == "#" for character in row] for row in rows])


class TestComponents:
    def test_diagonal_neighbours_hang_together(self) -> None:
        labels, components = label_components(drawn("#..", ".#.", "..#"))
        assert len(components) == 1
        assert labels.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]

    def test_parts_that_meet_further_down_are_one(self) -> None:
        _, components = label_components(drawn("#.#.#", "#.#.#", "###.#", "..###"))
        assert [part.area for part in components] == [13]

    def test_separate_parts_are_told_apart(self) -> None:
        labels, components = label_components(drawn("##..", "....", "..##", "..##"))
        first, second = components
        assert (first.left, first.top, first.right, first.bottom, first.area) == (0, 0, 2, 1, 2)
        assert (second.left, second.top, second.right, second.bottom, second.area) == (
            2,
            2,
            4,
            4,
            4,
        )
        assert (labels == 2).sum() == 4
        assert first.gap(second) == 1

    def test_agrees_with_flood_fill_on_random_masks(self) -> None:
        rng = np.random.default_rng(0)
        for share in (0.2, 0.4, 0.6):
            mask = rng.random((30, 40)) < share
            labels, components = label_components(mask)
            image = Image.fromarray(mask.astype(np.uint8) * 255).copy()
            found = 0
            while (left := np.argwhere(np.asarray(image) == 255)).size:
                y, x = left[0]
                before = np.asarray(image) == 255
                fill_with_diagonals(image, (int(x), int(y)))
                filled = before & (np.asarray(image) != 255)
                assert len(np.unique(labels[filled])) == 1
                found += 1
            assert found == len(components)

    def test_empty_mask_has_none(self) -> None:
        assert label_components(np.zeros((3, 3), dtype=bool))[1] == []

    def test_detached_bar_of_a_5_stays_and_specks_go(self) -> None:
        mask = np.zeros((100, 100), dtype=bool)
        mask[30:80, 30:40] = mask[70:80, 30:60] = True
        mask[20:26, 44:70] = True  # the bar
        mask[95, 95] = mask[50, 90] = True  # specks
        kept = found_in(mask).mask
        assert kept[22, 50]
        assert not kept[95, 95]
        assert not kept[50, 90]

    def test_frame_along_the_border_goes(self) -> None:
        mask = np.zeros((100, 100), dtype=bool)
        mask[30:70, 45:52] = True
        mask[:2] = mask[:, :2] = True
        kept = found_in(mask).mask
        assert kept.sum() == 40 * 7


def fill_with_diagonals(image: Image.Image, start: tuple[int, int]) -> None:
    """Clear the 8-connected part at a point (Pillow's floodfill knows 4 neighbours)."""
    pixels, todo = image.load(), [start]
    while todo:
        x, y = todo.pop()
        inside = 0 <= x < image.width and 0 <= y < image.height
        if inside and pixels[x, y] == 255:
            pixels[x, y] = 0
            todo += [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]


def found_in(mask: Mask) -> FoundDigit:
    """The digit in ink that has no faint parts."""
    return find_digit(ink_of(mask))


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
        pytest.param([(25, 24, 75, 26)], id="a line that is longer, above"),
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


def test_tall_box_around_a_small_digit_is_left_out() -> None:
    box = mask_of((40, 10, 60, 90)) & ~mask_of((41, 11, 59, 89))  # of 196 pixels
    digit = mask_of((50, 30, 51, 61))
    assert np.array_equal(found_in(box | digit).mask, digit)


@pytest.mark.parametrize("walls", [13, 60])
def test_row_of_boxes_around_the_digit_is_left_out(walls: int) -> None:
    boxes = mask_of((10, 30, 90, 50)) & ~mask_of((11, 31, 89, 49))
    boxes |= mask_of(*[(x, 50 - walls // 3, x + 1, 50) for x in range(26, 90, 16)])
    digit = mask_of((46, 33, 48, 46))
    found = found_in(boxes | digit)
    assert np.array_equal(found.mask, digit)
    assert not found.several


def test_box_whose_lines_are_broken_is_left_out() -> None:
    box = mask_of((28, 20, 62, 80)) & ~mask_of((30, 22, 60, 78))
    broken = box & ~mask_of((28, 40, 62, 45), (40, 20, 50, 80))
    mask, digit = broken | mask_of(BAR), mask_of(BAR)
    assert not np.array_equal(found_in(mask).mask, digit)
    found = find_digit(ink_of(mask, box | digit))
    assert np.array_equal(found.mask, digit)
    assert not found.several


def test_side_of_a_broken_box_is_no_other_digit() -> None:
    box = mask_of((15, 20, 75, 80)) & ~mask_of((18, 23, 72, 77))
    mask = mask_of(BAR, (15, 25, 18, 70))
    assert found_in(mask).several
    assert not find_digit(ink_of(mask, box | mask)).several


def test_parts_of_a_digit_that_hang_together_faintly_stay() -> None:
    ring = mask_of((30, 20, 70, 80)) & ~mask_of((36, 26, 64, 74))
    broken = ring & ~mask_of((30, 48, 70, 52))
    assert np.array_equal(find_digit(ink_of(broken, ring)).mask, broken)


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


TALL = (30, 10, 60, 90)


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param((25, 94, 65, 97), id="a line below"),
        pytest.param((8, 48, 24, 52), id="a minus"),
        pytest.param((66, 80, 74, 90), id="a full stop"),
    ],
)
def test_marks_beside_and_below_the_digit_are_left_out(mark: tuple[int, int, int, int]) -> None:
    found = found_in(mask_of(TALL, mark))
    assert np.array_equal(found.mask, mask_of(TALL))
    assert not found.several


@pytest.mark.parametrize(
    "part",
    [
        pytest.param((25, 92, 65, 95), id="a foot"),
        pytest.param((38, 94, 52, 97), id="what is narrower than a line below it"),
        pytest.param((25, 2, 65, 5), id="a line above"),
        pytest.param((62, 40, 70, 60), id="a part at its side"),
    ],
)
def test_parts_close_to_the_digit_stay(part: tuple[int, int, int, int]) -> None:
    assert np.array_equal(found_in(mask_of(TALL, part)).mask, mask_of(TALL, part))


def test_half_of_a_digit_that_is_longer_than_the_other_stays() -> None:
    """A 9 that a stencil's bridge parts has more ink in its loop, and is longer below."""
    halves = mask_of((30, 10, 70, 48), (48, 50, 70, 95))
    assert np.array_equal(found_in(halves).mask, halves)
