"""How many made-up photos of test digits are named right, by scene, next to what most services do?

::

    pip install -e '.[train,benchmark]'
    python benchmarks/photos.py [--drawings] [--count 200] [--csv photos.csv] [--sheet photos.png]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from drawings import DRAWINGS, drawing
from PIL import Image, ImageOps
from PIL.Image import Resampling
from pipelines import MAX_PIXELS, PIPELINES, answers, ours
from scenes import SCENES, photograph

from app.decoding import decode_image
from app.recognizer import Recognizer
from training.data import Digits, load_mnist

OTHERS = np.arange(3) + 5_000
"""Places, from a digit's own, of the digits that may stand around it."""


def picture_of(digits: Digits, index: int, scene: str) -> bytes:
    """A photo or a drawing of one of the digits, the same each time."""
    images = digits.images.numpy()
    if scene in DRAWINGS:
        return drawing(scene, images[index], index)
    return photograph(scene, images[index], images[(index + OTHERS) % len(images)], index)


def main() -> int:
    """Print the table; optionally write it as CSV and draw a sheet of the scenes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--drawings", action="store_true", help="drawings in place of photos")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--data", type=Path, help="directory that holds MNIST/raw/")
    parser.add_argument("--count", type=int, default=200, help="pictures a scene (%(default)s)")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    digits = load_mnist(options.data).test
    scenes = list(DRAWINGS if options.drawings else SCENES)
    recognizer = Recognizer.load(options.weights)
    right: dict[tuple[str, str], int] = defaultdict(int)
    print(f"{'scene':<20}" + "".join(f"{name:>12}" for name in PIPELINES))
    for scene in scenes:
        for index in range(options.count):
            picture = picture_of(digits, index, scene)
            for name, _, answer in answers(recognizer, picture):
                right[scene, name] += answer == int(digits.labels[index])
        for name in PIPELINES:
            right["all", name] += right[scene, name]
        print_row(scene, right, options.count)
    print_row("all", right, options.count * len(scenes))
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["scene", "pictures", *PIPELINES])
            for scene in scenes:
                writer.writerow([scene, options.count, *(right[scene, name] for name in PIPELINES)])
    if options.sheet:
        draw_sheet(digits, scenes, options.sheet)
    return 0


def print_row(scene: str, right: dict[tuple[str, str], int], count: int) -> None:
    """Print what each pipeline gets right."""
    shares = "".join(f"{right[scene, name] / count:>12.1%}" for name in PIPELINES)
    print(f"{scene:<20}{shares}", flush=True)


def draw_sheet(digits: Digits, scenes: Sequence[str], path: Path, columns: int = 4) -> None:
    """Each scene once: the picture, and what the network sees of it."""
    from matplotlib import pyplot as plt

    rows = -(-len(scenes) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(3 * columns, 1.75 * rows))
    for axes in grid.flat:
        axes.axis("off")
    for index, (axes, scene) in enumerate(zip(grid.flat, scenes, strict=False)):
        picture = picture_of(digits, index, scene)
        visible = decode_image(picture, MAX_PIXELS).convert("RGBA")
        visible = Image.alpha_composite(Image.new("RGBA", visible.size, "white"), visible)
        shown = ImageOps.pad(visible.convert("RGB"), (320, 240), color="#999")
        seen = Image.fromarray(ours(picture)).convert("RGB").resize((240, 240), Resampling.NEAREST)
        axes.imshow(np.hstack([np.asarray(shown), np.asarray(seen)]))
        axes.set_title(scene, fontsize=9)
    figure.tight_layout(pad=0.4)
    figure.savefig(path, dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
