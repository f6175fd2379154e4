import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from corruptions import CORRUPTIONS

IMAGES = np.stack([pixels_of(path) for path in DIGITS]) / 255


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_corruption_keeps_shape_and_range_and_can_be_repeated(kind: str) -> None:
    before = IMAGES.copy()
    corrupted = CORRUPTIONS[kind](IMAGES, np.random.default_rng(0))
    assert corrupted.shape == IMAGES.shape
    assert corrupted.min() >= 0
    assert corrupted.max() <= 1
    assert np.abs(corrupted - IMAGES).mean() > 0.005
    assert np.array_equal(corrupted, CORRUPTIONS[kind](IMAGES, np.random.default_rng(0)))
    assert np.array_equal(IMAGES, before)


def test_translation_moves_by_three_pixels() -> None:
    dot = np.zeros((1, 28, 28))
    dot[0, 14, 14] = 1
    moved = CORRUPTIONS["translate"](dot, np.random.default_rng(0))
    (row,), (column,) = np.nonzero(moved[0] > 0.99)
    assert (abs(row - 14), abs(column - 14)) == (3, 3)


def test_stripe_inverts_the_outer_columns_only() -> None:
    striped = CORRUPTIONS["stripe"](IMAGES, np.random.default_rng(0))
    assert np.array_equal(striped[:, :, 7:21], IMAGES[:, :, 7:21])
    assert np.array_equal(striped[:, :, :7], 1 - IMAGES[:, :, :7])


def test_impulse_noise_hits_every_sixth_pixel() -> None:
    grey = np.full((10, 28, 28), 0.5)
    noisy = CORRUPTIONS["impulse_noise"](grey, np.random.default_rng(0))
    assert (noisy != 0.5).mean() == pytest.approx(0.17, abs=0.02)
