"""Knowing what is no digit: the fit, and the shipped checkpoint's answers."""

import numpy as np
import pytest
import torch
from conftest import DIGITS, REPOSITORY, pixels_of
from not_digits import DOODLES, PEN_LETTERS, noise, pen_drawings
from PIL import Image

from app.preprocessing import prepare
from app.recognizer import Recognizer
from training.data import Digits
from training.forms import draw_forms
from training.network import DigitNetwork
from training.novelty import Novelty, features_of, fit_novelty


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(REPOSITORY / "weights")


def share_of_digits(recognizer: Recognizer, pictures: list[np.ndarray]) -> float:
    prepared = [prepare(Image.fromarray(picture)).image for picture in pictures]
    return float(np.mean([recognizer.predict(image).is_digit for image in prepared]))


def test_digits_are_digits(recognizer: Recognizer) -> None:
    assert share_of_digits(recognizer, [pixels_of(path) for path in DIGITS]) >= 0.95


@pytest.mark.parametrize("letter", ["E", "F", "M", "N", "W", "m", "w"])
def test_letters_are_none(recognizer: Recognizer, letter: str) -> None:
    pictures = list(pen_drawings({letter: PEN_LETTERS[letter]}, 10, seed=1))
    assert share_of_digits(recognizer, pictures) <= 0.4


@pytest.mark.parametrize("doodle", ["heart", "face", "spiral", "scribble"])
def test_doodles_are_none(recognizer: Recognizer, doodle: str) -> None:
    pictures = list(pen_drawings({doodle: DOODLES[doodle]}, 10, seed=1))
    assert share_of_digits(recognizer, pictures) <= 0.4


def test_noise_is_none(recognizer: Recognizer) -> None:
    assert share_of_digits(recognizer, list(noise(20, seed=1))) <= 0.1


def test_best_guess_stays(recognizer: Recognizer) -> None:
    prediction = recognizer.predict(np.eye(28, dtype=np.uint8) * 255)
    assert 0 <= prediction.digit <= 9


def test_far_from_every_mean_is_novel() -> None:
    novelty = Novelty(torch.eye(96), torch.zeros(10, 96), torch.eye(96).repeat(10, 1, 1), 2.0)
    near, far = torch.ones(1, 96), 5 * torch.ones(1, 96)
    assert novelty(torch.cat([near, far])).tolist() == pytest.approx([1, 5])


def test_fit_keeps_99_of_100_of_the_digits_that_set_the_threshold() -> None:
    torch.manual_seed(0)
    network = DigitNetwork().eval()
    digits: Digits = draw_forms(80, seed=5)
    novelty = fit_novelty(network, digits)
    novelties = novelty(features_of(network, digits.images))
    assert (novelties <= novelty.threshold).float().mean() > 0.98
    noisy = torch.randint(0, 256, (50, 28, 28), dtype=torch.uint8)
    assert (novelty(features_of(network, noisy)) > novelty.threshold).all()
