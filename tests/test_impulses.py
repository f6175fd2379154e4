"""Salt and pepper, and what must not be taken for it."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from PIL import Image

from app.picture.impulses import without_impulses
from app.picture.morphology import Tones
from app.preprocessing import prepare
from app.problems import BlankPicture
from app.recognizer import Recognizer


def clean(side: int, ink: int = 0, paper: int = 255, which: int = 0) -> Tones:
    """A digit of one tone on another, uint8 ``[side, side]``."""
    digit = Image.fromarray(pixels_of(DIGITS[which])).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(digit.point([paper + (ink - paper) * tone // 255 for tone in range(256)]))


def noisy(grey: Tones, share: float, tones: tuple[int, ...] = (0, 255)) -> Tones:
    """With a share of the pixels of some other tones."""
    random = np.random.default_rng(0)
    hit = random.random(grey.shape) < share
    return np.where(hit, random.choice(np.array(tones, np.uint8), grey.shape), grey)


@pytest.mark.parametrize("tones", [(0, 255), (0,), (255,)])
@pytest.mark.parametrize("side", [60, 150, 400])
def test_single_pixels_are_gone(side: int, tones: tuple[int, ...]) -> None:
    grey = clean(side, ink=40, paper=150)
    mended = without_impulses(noisy(grey, 0.1, tones))
    off = np.abs(mended.astype(int) - grey) > 30
    assert off.mean() < 0.01, off.mean()


@pytest.mark.parametrize("side", [28, 40, 120, 400])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (60, 180)])
def test_digit_under_salt_and_pepper_is_named(
    side: int, ink: int, paper: int, recognizer: Recognizer
) -> None:
    wrong = []
    for which, path in enumerate(DIGITS[:20]):
        picture = Image.fromarray(noisy(clean(side, ink, paper, which), 0.1))
        if recognizer.predict(prepare(picture).image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= (3 if side == 28 else 1), wrong


def test_pixels_side_by_side_are_gone_where_strokes_are_wide() -> None:
    mended = without_impulses(noisy(clean(200, ink=120), 0.15, (0,)))
    assert (mended[1:20, 1:-1] > 200).all()


def test_thin_strokes_are_kept() -> None:
    kept = []
    for which in range(0, 40, 2):
        ink = clean(28, which=which) < 128
        mended = without_impulses(noisy(clean(28, which=which), 0.1)) < 128
        kept.append(np.count_nonzero(mended & ink) / np.count_nonzero(ink))
    assert np.mean(kept) > 0.85, kept


def spray() -> Tones:
    """Grains around the middle only."""
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    grains = np.random.default_rng(0).random((300, 300)) < 0.3 * (np.hypot(x, y) < 0.6)
    return np.where(grains, 0, 255).astype(np.uint8)


def hairlines() -> Tones:
    """Lines of one pixel, a third of the picture."""
    grey = np.full((200, 200), 255, np.uint8)
    grey[::3] = 0
    return grey.T.copy()


def weak() -> Tones:
    """Noise far weaker than the difference of ink and paper."""
    return noisy(clean(200, ink=20, paper=220), 0.2, (190, 250))


def few() -> Tones:
    return noisy(clean(200), 0.005)


def small() -> Tones:
    """Print of which a pixel or two stand out."""
    grey = np.full((12, 9), 250, np.uint8)
    grey[1, 7] = grey[2, 5] = grey[5, 2] = grey[8, 4] = 0
    return grey


@pytest.mark.parametrize("grey", [spray(), hairlines(), weak(), few(), small(), clean(400)])
def test_all_else_stays_as_it_is(grey: Tones) -> None:
    assert without_impulses(grey) is grey


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 2), (3, 3), (20, 20), (20, 399)])
def test_any_shape(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert without_impulses(noise).shape == shape


def test_salt_and_pepper_alone_is_no_digit(recognizer: Recognizer) -> None:
    try:
        prepared = prepare(Image.fromarray(noisy(np.full((200, 200), 128, np.uint8), 0.2)))
    except BlankPicture:
        return
    assert not recognizer.predict(prepared.image).is_digit
