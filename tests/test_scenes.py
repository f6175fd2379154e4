"""Made-up photos and drawings: of each scene the service names the digits."""

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from drawings import DRAWINGS, drawing
from scenes import SCENES, photograph

from app.decoding import decode_image
from app.preprocessing import prepare
from app.recognizer import Recognizer

FEW = DIGITS[::8]
OTHERS = np.stack([pixels_of(path) for path in DIGITS[1:4]])


@pytest.mark.parametrize("name", SCENES)
def test_digits_are_named_in_photos_of(name: str, recognizer: Recognizer) -> None:
    wrong = []
    for seed, path in enumerate(FEW):
        prepared = prepare(decode_image(photograph(name, pixels_of(path), OTHERS, seed), 10**7))
        if name != "screenshot":  # of which there are both kinds
            bright = name in ("blackboard", "dark card")
            assert prepared.polarity == ("light_on_dark" if bright else "dark_on_light")
        if recognizer.predict(prepared.image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= 1, wrong


def test_photo_can_be_taken_again() -> None:
    one, again, other = (
        photograph("sticky note", pixels_of(FEW[0]), OTHERS, seed) for seed in (3, 3, 4)
    )
    assert one == again != other


@pytest.mark.parametrize("name", [name for name in DRAWINGS if name != "outline"])
def test_digits_are_named_in_drawings_of(name: str, recognizer: Recognizer) -> None:
    wrong = []
    for seed, path in enumerate(FEW):
        prepared = prepare(decode_image(drawing(name, pixels_of(path), seed), 10**7))
        if recognizer.predict(prepared.image).digit != int(path.name[0]):
            wrong.append(path.name)
    assert len(wrong) <= 1, wrong
