"""How many digits of displays are named right?

Clocks, meters and buses show digits of bars or dots. Here they are drawn, on 81 displays of seven
segments, which differ in width, thickness, slant and the gaps between segments, and on 18 matrices
of dots, and go through the service's preprocessing. No network of ours was taught by any::

    python benchmarks/displays.py [--sheet FILE] [--weights DIR]
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE, HEIGHT = 400, 220
"""Of the picture and of the digit, in pixels."""
SEGMENTS = {
    "a": ((0.0, 0.0), (1.0, 0.0)),
    "b": ((1.0, 0.0), (1.0, 0.5)),
    "c": ((1.0, 0.5), (1.0, 1.0)),
    "d": ((0.0, 1.0), (1.0, 1.0)),
    "e": ((0.0, 0.5), (0.0, 1.0)),
    "f": ((0.0, 0.0), (0.0, 0.5)),
    "g": ((0.0, 0.5), (1.0, 0.5)),
}
"""Ends of each segment, in widths and heights of the digit."""
LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgecd", "abc", "abcdefg", "abcdfg")
DOTS = (
    *(".###. #...# #..## #.#.# ##..# #...# .###.", "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###."),
    *(".###. #...# ....# ...#. ..#.. .#... #####", "##### ...#. ..#.. ...#. ....# #...# .###."),
    *("...#. ..##. .#.#. #..#. ##### ...#. ...#.", "##### #.... ####. ....# ....# #...# .###."),
    *("..##. .#... #.... ####. #...# #...# .###.", "##### ....# ...#. ..#.. .#... .#... .#..."),
    *(".###. #...# #...# .###. #...# #...# .###.", ".###. #...# #...# .#### ....# ...#. .##.."),
)
"""The rows of each digit, as the controller HD44780 has them in its memory."""
COLOURS = (("white", "black"), ("black", "red"), ("#96aa96", "#282d28"))
"""Ground and segments: print, light-emitting diodes, liquid crystal."""


@dataclass(frozen=True)
class Segments:
    """How a display of seven segments looks: lengths in pixels, the slant in widths a height."""

    width: int
    thickness: int
    gap: int
    slant: float
    ground: str
    colour: str

    def show(self, digit: int) -> Image.Image:
        """A picture of the digit, mode RGB."""
        picture = Image.new("RGB", (SIDE, SIDE), self.ground)
        draw = ImageDraw.Draw(picture)
        for segment in LIT[digit]:
            ends = [(self.width * x, HEIGHT * y) for x, y in SEGMENTS[segment]]
            draw.polygon([self._place(*point) for point in self._outline(*ends)], fill=self.colour)
        return picture

    def _outline(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """The six corners of a segment with pointed ends."""
        length, half = math.dist(start, end), self.thickness / 2
        x, y = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        corners = [
            *((self.gap, 0.0), (self.gap + half, half), (length - self.gap - half, half)),
            *(
                (length - self.gap, 0.0),
                (length - self.gap - half, -half),
                (self.gap + half, -half),
            ),
        ]
        return [(start[0] + a * x - b * y, start[1] + a * y + b * x) for a, b in corners]

    def _place(self, x: float, y: float) -> tuple[float, float]:
        left, top = (SIDE - self.width) / 2, (SIDE - HEIGHT) / 2
        return left + x + self.slant * (HEIGHT / 2 - y), top + y


@dataclass(frozen=True)
class Matrix:
    """How a display of dots looks: their distance in pixels, their size as a share of it."""

    pitch: int
    size: float
    is_round: bool
    ground: str
    colour: str

    def show(self, digit: int) -> Image.Image:
        """A picture of the digit, mode RGB."""
        picture = Image.new("RGB", (SIDE, SIDE), self.ground)
        draw = ImageDraw.Draw(picture)
        shape = draw.ellipse if self.is_round else draw.rectangle
        radius = self.size * self.pitch / 2
        for row, dots in enumerate(DOTS[digit].split()):
            for column, dot in enumerate(dots):
                if dot == "#":
                    x, y = (SIDE / 2 + self.pitch * at for at in (column - 2, row - 3))
                    shape((x - radius, y - radius, x + radius, y + radius), fill=self.colour)
        return picture


def segments() -> list[Segments]:
    """All displays of segments that are tried, in one of the colours each."""
    kinds = itertools.product((70, 100, 125), (14, 24, 34), (2, 5, 9), (0.0, 0.1, 0.2))
    coloured = zip(kinds, itertools.cycle(COLOURS), strict=False)
    return [Segments(*kind, *colours) for kind, colours in coloured]


def matrices() -> list[Matrix]:
    """All displays of dots that are tried, in one of the colours each."""
    kinds = itertools.product((True, False), (20, 28, 36), (0.5, 0.65, 0.8))
    coloured = zip(kinds, itertools.cycle(COLOURS), strict=False)
    return [
        Matrix(pitch, size, is_round, *colours) for (is_round, pitch, size), colours in coloured
    ]


def main() -> int:
    """Print how many of each digit are named right, and what the others are taken for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="a picture of some, as seen")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    options = parser.parse_args()
    recognizer = Recognizer.load(options.weights)
    kinds: dict[str, Sequence[Segments | Matrix]] = {"segments": segments(), "dots": matrices()}
    for kind, tried in kinds.items():
        all_right = 0
        for digit in range(10):
            pictures = [display.show(digit) for display in tried]
            named = Counter(recognizer.predict(prepare(one).image).digit for one in pictures)
            right = named.pop(digit, 0)
            all_right += right
            wrong = ", ".join(f"{count} as {other}" for other, count in named.most_common())
            print(f"{kind}, {digit}:{right:>4} of {len(tried)}  {wrong}")
        count = 10 * len(tried)
        print(f"{kind}, all: {all_right} of {count}, {all_right / count:.1%}")
    if options.sheet:
        _sheet([*segments()[::16], *matrices()[::7]]).save(options.sheet)
    return 0


def _sheet(some: Sequence[Segments | Matrix]) -> Image.Image:
    """A row for each display: every digit, and beside it the 28×28 that the network sees."""
    tile = 84
    sheet = Image.new("RGB", (20 * tile, len(some) * tile), "white")
    for row, display in enumerate(some):
        for digit in range(10):
            picture = display.show(digit)
            seen = Image.fromarray(prepare(picture).image).resize((tile, tile), 0)
            sheet.paste(picture.resize((tile, tile)), (2 * digit * tile, row * tile))
            sheet.paste(seen, ((2 * digit + 1) * tile, row * tile))
    return sheet


if __name__ == "__main__":
    sys.exit(main())
