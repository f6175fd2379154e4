"""How many corrupted test digits are named right, by kind of corruption?

Each CHECKPOINT is a directory with ``digits.safetensors``; the network sees the corrupted 28×28 as
it is. The last column is the last checkpoint again, behind the service's preprocessing::

    pip install -e '.[train,benchmark]'
    python benchmarks/robustness.py CHECKPOINT... [--csv table.csv] [--sheet corruptions.png]
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import torch
from corruptions import CORRUPTIONS
from numpy.typing import NDArray
from PIL import Image

from app.preprocessing import prepare
from app.problems import Problem
from training.checkpoint import load_network
from training.data import Digits, load_mnist
from training.device import choose_device
from training.evaluation import evaluate

SEED = 0


def corrupted(digits: Digits, kind: str) -> Digits:
    """The digits with one kind of corruption, the same each time; ``clean`` changes nothing."""
    if kind == "clean":
        return digits
    random = np.random.default_rng(SEED)
    pixels = CORRUPTIONS[kind](digits.images.numpy() / 255, random)
    return Digits(torch.from_numpy(np.rint(pixels * 255).astype(np.uint8)), digits.labels)


def served(digits: Digits) -> Digits:
    """The digits as the service's preprocessing hands them to the network; black if it refuses."""
    return Digits(
        torch.from_numpy(np.stack([_prepared(i.numpy()) for i in digits.images])), digits.labels
    )


def _prepared(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    try:
        return prepare(Image.fromarray(pixels)).image
    except Problem:
        return np.zeros_like(pixels)


def main() -> int:
    """Print the table; optionally write it as CSV and draw a sheet of the corruptions."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--data", type=Path, help="directory that holds MNIST/raw/")
    parser.add_argument("--count", type=int, default=2_000, help="test digits (%(default)s)")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    device = choose_device("cpu", "float32")
    test = load_mnist(options.data).test.take(torch.arange(options.count))
    networks = {str(path): load_network(path) for path in options.checkpoints}
    last = list(networks)[-1]
    columns = [*networks, f"{last}, served"]
    table: dict[str, list[float]] = {}
    print(f"{'':<16}" + "".join(f"{name[-24:]:>26}" for name in columns))
    for kind in ("clean", *CORRUPTIONS):
        digits = corrupted(test, kind)
        accuracies = [evaluate(net, digits, device).accuracy for net in networks.values()]
        accuracies.append(evaluate(networks[last], served(digits), device).accuracy)
        table[kind] = accuracies
        print(f"{kind:<16}" + "".join(f"{value:>26.2%}" for value in accuracies), flush=True)
    means = np.mean([table[kind] for kind in CORRUPTIONS], axis=0)
    table["mean"] = means.tolist()
    print(f"{'mean of the 15':<16}" + "".join(f"{value:>26.2%}" for value in means))
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["corruption", *columns])
            writer.writerows([kind, *values] for kind, values in table.items())
    if options.sheet:
        draw_sheet(test, options.sheet)
    return 0


def draw_sheet(digits: Digits, path: Path, count: int = 10) -> None:
    """Draw the first so many digits in every corruption, one row a kind."""
    from matplotlib import pyplot as plt

    kinds = ("clean", *CORRUPTIONS)
    few = digits.take(torch.arange(count))
    figure, grid = plt.subplots(len(kinds), 1, figsize=(0.62 * count, 0.64 * len(kinds)))
    for axes, kind in zip(grid, kinds, strict=True):
        row = np.hstack(list(corrupted(few, kind).images.numpy()))
        axes.imshow(row, cmap="gray", vmin=0, vmax=255)
        axes.set_ylabel(kind.replace("_", " "), rotation=0, ha="right", va="center", fontsize=8)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
