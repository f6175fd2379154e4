"""Pictures that are no digits: letters, doodles, clothes, noise, two digits side by side.

All but the clothes are drawn here. Each function returns grey pictures as someone would send them,
dark ink on white paper, uint8 ``[H, W]``, the same for the same seed.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.data import Digits
from training.forms import draw, read_strokes

Picture = NDArray[np.uint8]

LOOK_ALIKES = "BbgGIiJjlOoQqSsyZz"
"""Letters that are, as someone writes them, a digit too: 8 6 9 6 1 1 1 1 1 0 0 0 9 5 5 4 2 2."""
FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSerif-Italic.ttf",
    "DejaVuSansMono-Bold.ttf",
    "STIXGeneralItalic.ttf",
    "cmr10.ttf",
    "cmss10.ttf",
)
PEN_LETTERS = {
    "A": "line 10,100 50,0 90,100 | line 25,62 75,62",
    "C": "arc 55,50 40,50 -45,-315",
    "E": "line 85,0 15,0 15,100 85,100 | line 15,50 70,50",
    "F": "line 85,0 15,0 15,100 | line 15,48 70,48",
    "H": "line 15,0 15,100 | line 85,0 85,100 | line 15,50 85,50",
    "K": "line 15,0 15,100 | line 80,0 15,55 | line 35,42 85,100",
    "M": "line 5,100 15,0 50,70 85,0 95,100",
    "N": "line 12,100 12,0 85,100 85,0",
    "P": "line 20,100 20,0 | curve 20,3 75,5 78,45 20,52",
    "R": "line 20,100 20,0 | curve 20,3 75,5 75,42 20,50 | line 35,50 82,100",
    "T": "line 5,2 95,2 | line 50,2 50,100",
    "U": "curve 12,0 14,75 50,100 86,75 88,0",
    "V": "line 8,0 50,100 92,0",
    "W": "line 0,0 22,100 50,30 78,100 100,0",
    "X": "line 10,0 90,100 | line 90,0 10,100",
    "a": "arc 45,62 32,36 -30,-390 | line 80,25 82,100",
    "e": "line 15,55 80,50 | curve 80,50 48,10 12,55 45,98 84,82",
    "h": "line 18,0 18,100 | curve 18,60 50,38 78,60 80,100",
    "k": "line 18,0 18,100 | line 72,40 18,70 | line 35,62 78,100",
    "m": "line 4,30 4,100 | curve 4,48 28,26 48,50 48,100 | curve 48,48 74,26 94,50 96,100",
    "w": "curve 0,30 18,95 48,45 | curve 48,45 78,95 100,30",
}
DOODLES = {
    "heart": "curve 50,30 25,5 2,30 50,98 | curve 50,30 75,5 98,30 50,98",
    "star": "line 50,0 80,98 2,38 98,38 20,98 50,0",
    "house": "line 10,100 10,45 50,0 90,45 90,100 10,100",
    "face": "arc 50,50 50,50 0,360 | line 33,35 33,38 | line 66,35 66,38 | arc 50,55 28,25 20,160",
    "spiral": "curve 50,50 60,45 58,60 42,62 36,42 60,30 78,55 52,84 18,60 26,20 70,10 98,50",
    "tick": "line 0,55 35,100 100,0",
    "arrow": "line 0,50 100,50 | line 65,20 100,50 65,80",
    "plus": "line 50,0 50,100 | line 0,50 100,50",
    "square": "line 5,5 95,5 95,95 5,95 5,5",
    "triangle": "line 50,0 100,95 0,95 50,0",
    "zigzag": "line 0,60 20,10 40,90 60,10 80,90 100,30",
    "lightning": "line 60,0 20,55 55,50 35,100",
    "tree": "line 50,100 50,60 | line 50,0 90,60 10,60 50,0",
    "scribble": "curve 0,20 90,0 10,40 95,30 5,65 98,55 2,95 100,80",
}


def pen_drawings(drawings: dict[str, str], count: int, seed: int) -> Iterator[Picture]:
    """Each of the drawings so many times, with the pen of ``training/forms.py``."""
    generator = torch.Generator().manual_seed(seed)
    for text in drawings.values():
        for image in draw(read_strokes(text), count, generator):
            yield on_paper(image.numpy())


def font_letters(letters: str, count: int, seed: int) -> Iterator[Picture]:
    """Each letter so many times, in fonts that come with matplotlib, bent as by a hand."""
    import matplotlib

    directory = Path(matplotlib.get_data_path()) / "fonts/ttf"
    fonts = [ImageFont.truetype(str(directory / name), 72) for name in FONTS]
    random = np.random.default_rng(seed)
    for letter in letters:
        for _ in range(count):
            picture = Image.new("L", (128, 128), 255)
            font = fonts[random.integers(len(fonts))]
            ImageDraw.Draw(picture).text((64, 64), letter, 0, font, anchor="mm")
            yield np.asarray(bend(picture, random))


def bend(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Move the knots of a 4×4 grid over the picture and rotate it, as a hand would."""
    knots, step = 4, picture.width // 4
    moved = random.normal(0, 3, (knots + 1, knots + 1, 2))
    mesh = []
    for row in range(knots):
        for column in range(knots):
            corners = [(row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1)]
            quad = [
                value
                for y, x in corners
                for value in (x * step + moved[y, x, 0], y * step + moved[y, x, 1])
            ]
            box = (column * step, row * step, (column + 1) * step, (row + 1) * step)
            mesh.append((box, tuple(quad)))
    bent = picture.transform(
        picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=255
    )
    return bent.rotate(random.uniform(-10, 10), Image.Resampling.BILINEAR, fillcolor=255)


def clothes(directory: Path, count: int) -> Iterator[Picture]:
    """The first so many test images of Fashion-MNIST, as they are: bright on black."""
    with gzip.open(directory / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), dtype=np.uint8, offset=16)
    yield from pixels.reshape(-1, 28, 28)[:count]


def noise(count: int, seed: int) -> Iterator[Picture]:
    """Pictures of random pixels, fine or in larger spots."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        side = int(random.choice([6, 10, 28]))
        spots = Image.fromarray(random.integers(0, 256, (side, side), dtype=np.uint8))
        yield np.asarray(spots.resize((28, 28), Image.Resampling.BILINEAR))


def two_digits(digits: Digits, count: int, seed: int) -> Iterator[Picture]:
    """Two test digits side by side."""
    random = np.random.default_rng(seed)
    for one, other in random.integers(len(digits), size=(count, 2)):
        yield on_paper(np.hstack([digits.images[one].numpy(), digits.images[other].numpy()]))


def on_paper(ink: Picture) -> Picture:
    """Dark ink on white from bright ink on black, enlarged three times."""
    height, width = ink.shape
    picture = Image.fromarray(255 - ink)
    return np.asarray(picture.resize((3 * width, 3 * height), Image.Resampling.BICUBIC))


NOT_DIGITS = "".join(letter for letter in ascii_letters if letter not in LOOK_ALIKES)
"""Letters that are no digits, however they are written."""
