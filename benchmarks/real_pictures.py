"""How many real pictures are named right, by group, next to what most services do with them?

DIR holds one folder a group, each with a ``labels.csv`` (columns ``file`` and ``label``, optionally
``kind``, which splits the group)::

    python benchmarks/real_pictures.py DIR [--sheet mistakes.png]
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pipelines import MAX_PIXELS, PIPELINES, Pixels, answers

from app.decoding import decode_image
from app.recognizer import Recognizer


@dataclass(frozen=True)
class Picture:
    """A labelled file and the group that it counts for."""

    path: Path
    label: int
    group: str


def read_pictures(root: Path) -> Iterator[Picture]:
    """All pictures of all groups."""
    for labels in sorted(root.glob("*/labels.csv")):
        with labels.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                kind = f", {row['kind']}" if "kind" in row else ""
                group = labels.parent.name + kind
                yield Picture(labels.parent / row["file"], int(row["label"]), group)


def main() -> int:
    """Print the table; with ``--sheet``, draw our mistakes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--sheet", type=Path, help="draw what ours names wrongly to this PNG")
    options = parser.parse_args()
    recognizer = Recognizer.load(options.weights)
    counts: dict[str, int] = defaultdict(int)
    right: dict[tuple[str, str], int] = defaultdict(int)
    mistakes = []
    for picture in read_pictures(options.directory):
        data = picture.path.read_bytes()
        counts[picture.group] += 1
        counts["all"] += 1
        for name, image, answer in answers(recognizer, data):
            for group in (picture.group, "all"):
                right[group, name] += answer == picture.label
            if name == "ours" and answer != picture.label:
                mistakes.append((picture, image, answer))
    print(f"{'group':<28}{'pictures':>9}" + "".join(f"{name:>12}" for name in PIPELINES))
    for group in [*sorted(set(counts) - {"all"}), "all"]:
        shares = "".join(f"{right[group, name] / counts[group]:>12.2%}" for name in PIPELINES)
        print(f"{group:<28}{counts[group]:>9,}{shares}")
    if options.sheet:
        draw_sheet(mistakes, options.sheet)
    return 0


def draw_sheet(
    mistakes: list[tuple[Picture, Pixels, int | str]], path: Path, columns: int = 8
) -> None:
    """Each mistake: the picture, what the network saw, label → answer and the file's name."""
    from matplotlib import pyplot as plt

    rows = max(1, -(-len(mistakes) // columns))
    figure, grid = plt.subplots(
        rows, columns, figsize=(2.2 * columns, 1.5 * rows), squeeze=False, layout="constrained"
    )
    for axes in grid.flat:
        axes.axis("off")
    for axes, (picture, seen, answer) in zip(grid.flat, mistakes, strict=False):
        original = ImageOps.exif_transpose(decode_image(picture.path.read_bytes(), MAX_PIXELS))
        paper = Image.new("RGBA", original.size, "white")
        shown = ImageOps.pad(Image.alpha_composite(paper, original.convert("RGBA")), (112, 112))
        both = np.concatenate(
            [np.asarray(shown.convert("L")), np.kron(seen, np.ones((4, 4), np.uint8))], axis=1
        )
        axes.imshow(both, cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{picture.label} → {answer}  {picture.path.stem[-22:]}", fontsize=6)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
