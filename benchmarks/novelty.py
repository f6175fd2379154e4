"""Does the service know what is no digit? AUROC and share rejected, by kind of picture.

Every picture goes through the service's preprocessing; what that refuses by itself (a picture
without ink) counts as rejected. CLOTHES is the directory of Fashion-MNIST's files (Debian's package
``dataset-fashion-mnist``), REAL one of labelled real digits, as for ``real_pictures.py``::

    python benchmarks/novelty.py [--clothes CLOTHES] [--real REAL] [--data DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import not_digits
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pipelines import MAX_PIXELS
from real_pictures import read_pictures

from app.decoding import decode_image
from app.preprocessing import prepare
from app.problems import Problem
from app.recognizer import Recognizer
from training.data import load_mnist

SEED = 0


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--data", type=Path, help="directory that holds MNIST/raw/")
    parser.add_argument("--clothes", type=Path)
    parser.add_argument("--real", type=Path)
    options = parser.parse_args()
    recognizer = Recognizer.load(options.weights)
    test = load_mnist(options.data).test
    threshold = recognizer.greatest_novelty
    digits = novelties(recognizer, map(Image.fromarray, test.images.numpy()))
    print(f"{'kind':<34}{'pictures':>9}{'AUROC':>9}{'rejected':>10}")
    print(f"{'MNIST test digits':<34}{len(digits):>9,}{'':>9}{(digits > threshold).mean():>10.2%}")
    if options.real:
        real = novelties(recognizer, real_digits(options.real))
        print(f"{'real digits':<34}{len(real):>9,}{'':>9}{(real > threshold).mean():>10.2%}")
    kinds: dict[str, Iterable[not_digits.Picture]] = {
        "letters, six fonts, bent": not_digits.font_letters(not_digits.NOT_DIGITS, 40, SEED),
        "letters, pen": not_digits.pen_drawings(not_digits.PEN_LETTERS, 60, SEED),
        "doodles, pen": not_digits.pen_drawings(not_digits.DOODLES, 60, SEED),
        "noise": not_digits.noise(500, SEED),
        "letters that look like digits": not_digits.font_letters(not_digits.LOOK_ALIKES, 40, SEED),
    }
    if options.clothes:
        kinds["clothes (Fashion-MNIST)"] = not_digits.clothes(options.clothes, 10_000)
    for kind, pictures in kinds.items():
        scores = novelties(recognizer, map(Image.fromarray, pictures))
        rejected = (scores > threshold).mean()
        print(f"{kind:<34}{len(scores):>9,}{auroc(digits, scores):>9.4f}{rejected:>10.1%}")
    pairs = not_digits.two_digits(test, 500, SEED)
    several = np.mean([prepare(Image.fromarray(pair)).several_digits for pair in pairs])
    print(f"{'two digits side by side':<34}{500:>9}{'':>9}{several:>10.1%} (several_digits)")
    return 0


def novelties(recognizer: Recognizer, pictures: Iterable[Image.Image]) -> NDArray[np.float64]:
    """Novelty of each picture, infinite where preprocessing finds nothing."""
    return np.array([_novelty(recognizer, picture) for picture in pictures])


def _novelty(recognizer: Recognizer, picture: Image.Image) -> float:
    try:
        return recognizer.predict(prepare(picture).image).novelty
    except Problem:
        return float("inf")


def real_digits(root: Path) -> Iterator[Image.Image]:
    """All pictures of a directory of labelled pictures."""
    for picture in read_pictures(root):
        yield decode_image(picture.path.read_bytes(), MAX_PIXELS)


def auroc(negatives: NDArray[np.float64], positives: NDArray[np.float64]) -> float:
    """Chance that a positive scores higher than a negative; a tie counts one half."""
    below = np.searchsorted(np.sort(negatives), positives, side="left")
    up_to = np.searchsorted(np.sort(negatives), positives, side="right")
    return float((below + up_to).mean() / 2 / len(negatives))


if __name__ == "__main__":
    sys.exit(main())
