"""How many printed digits are named right, by typeface?

Each FONT is a file of a typeface with the ten digits, which are drawn black on white, one a picture
of 300×300, and go through the service's preprocessing. No network of ours was taught by any::

    python benchmarks/printed.py FONT... [--hollow] [--crop HEIGHT] [--weights DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE, SIZE, LINE = 300, 220, 3
"""Of the picture, of the type, and of the line around hollow type, in pixels."""


def printed(digit: int, font: ImageFont.FreeTypeFont, hollow: bool) -> Image.Image:
    """A digit in the middle of a picture, mode L; if it is hollow, white with a line around it."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    middle = (SIDE / 2, SIDE / 2)
    fill, line = (255, LINE) if hollow else (0, 0)
    ImageDraw.Draw(picture).text(
        middle, str(digit), fill, font, anchor="mm", stroke_width=line, stroke_fill=0
    )
    return picture


def cropped(picture: Image.Image, height: int) -> Image.Image:
    """The digit alone, cut out along its edges, so many pixels high."""
    tight = picture.crop(ImageOps.invert(picture).getbbox())
    width = max(1, round(tight.width * height / tight.height))
    return tight.resize((width, height), Image.Resampling.LANCZOS)


def main() -> int:
    """Print the table, and which digits of which fonts are named wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("fonts", nargs="+", type=Path, metavar="FONT")
    parser.add_argument("--hollow", action="store_true", help="only the outlines are drawn")
    parser.add_argument("--crop", type=int, metavar="HEIGHT", help="cut out, so many pixels high")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    options = parser.parse_args()
    recognizer = Recognizer.load(options.weights)
    count: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong = []
    for path in options.fonts:
        font = ImageFont.truetype(path, SIZE)
        family = font.getname()[0] or path.stem
        for digit in range(10):
            picture = printed(digit, font, options.hollow)
            if options.crop:
                picture = cropped(picture, options.crop)
            named = recognizer.predict(prepare(picture).image).digit
            count[family] += 1
            right[family] += named == digit
            if named != digit:
                wrong.append(f"{path.stem}: {digit} → {named}")
    for family in sorted(count):
        print(f"{family:<32}{right[family]:>6} of {count[family]:>5}")
    print(
        f"{'all':<32}{right.total():>6} of {count.total():>5}, {right.total() / count.total():.1%}"
    )
    print(*wrong, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
