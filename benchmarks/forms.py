"""How many digits are named right, by the form in which they are written around the world?

Draws every form of ``training/forms.py`` anew, enlarged, dark on white paper, and sends it through
the service's preprocessing. Each CHECKPOINT is a directory with ``digits.safetensors``::

    python benchmarks/forms.py CHECKPOINT... [--sheet forms.png]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from not_digits import on_paper
from PIL import Image

from app.preprocessing import prepare
from training.checkpoint import load_network
from training.data import Digits
from training.device import choose_device
from training.evaluation import evaluate
from training.forms import FORMS, draw_forms

SEED = 1_000_003
"""Far from the seeds of training runs: no drawing is one that a network was trained on."""


def served(drawn: Digits) -> Digits:
    """Drawings as the network sees them behind the service's preprocessing."""
    images = [prepare(Image.fromarray(on_paper(image.numpy()))).image for image in drawn.images]
    return Digits(torch.from_numpy(np.stack(images)), drawn.labels)


def main() -> int:
    """Print the table; with ``--sheet``, draw ten of each form."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--count", type=int, default=100, help="of each form (%(default)s)")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    device = choose_device("cpu", "float32")
    digits = served(draw_forms(options.count, SEED))
    columns = []
    for path in options.checkpoints:
        named = evaluate(load_network(path), digits, device).log_probabilities.argmax(1)
        columns.append((named == digits.labels).view(len(FORMS), -1).double().mean(1))
    print(f"{'':<26}" + "".join(f"{str(path)[-24:]:>26}" for path in options.checkpoints))
    for row, form in enumerate(FORMS):
        shares = "".join(f"{column[row].item():>26.0%}" for column in columns)
        print(f"{form.digit} {form.name:<24}{shares}")
    print(f"{'all':<26}" + "".join(f"{column.mean().item():>26.1%}" for column in columns))
    if options.sheet:
        draw_sheet(options.sheet)
    return 0


def draw_sheet(path: Path, count: int = 10, columns: int = 3) -> None:
    """Ten of each form with its name."""
    from matplotlib import pyplot as plt

    images = draw_forms(count, SEED).images.view(len(FORMS), count, 28, 28).numpy()
    rows = -(-len(FORMS) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(14, 0.5 * rows))
    for axes in grid.flat:
        axes.axis("off")
    for axes, form, drawn in zip(grid.T.flat, FORMS, images, strict=False):
        axes.imshow(255 - np.hstack(list(drawn)), cmap="gray", vmin=0, vmax=255)
        axes.text(-8, 14, f"{form.digit} {form.name}", ha="right", va="center", fontsize=9)
    figure.subplots_adjust(left=0.13, right=1, top=1, bottom=0, wspace=0.55, hspace=0.08)
    figure.savefig(path, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
