"""How long does each recipe train until it names so many digits right? A table, a CSV, a picture.

Each recipe trains on 50,000 digits and is judged after every epoch by the 10,000 of the validation
split; judging takes no part in the time. The test set is not read::

    pip install -e '.[train]'
    python benchmarks/time_to_accuracy.py --seeds 3
"""

from __future__ import annotations

import argparse
import csv
import statistics
from pathlib import Path

from matplotlib import pyplot as plt

from training.data import Digits, hold_out, load_mnist
from training.device import Device, choose_device
from training.recipes import RECIPES, Recipe
from training.state import Epoch
from training.trainer import build_network, train

RESULTS = Path(__file__).parent / "results/time_to_accuracy.csv"
PICTURE = Path(__file__).parents[1] / "docs/images/time_to_accuracy.png"
ACCURACIES = (0.98, 0.99, 0.992, 0.993, 0.994, 0.995)
COMPARED = sorted(
    recipe.name
    for recipe in RECIPES.values()
    if recipe.network == "digits" and not recipe.distillation
)
"""Recipes that need nothing but the digits: no teacher that would have to be trained first."""
COLOURS = {"reference": "#868E96", "best": "#4C6EF5", "fast": "#F76707"}

Run = list[tuple[float, float]]
"""Seconds of training and accuracy after every epoch."""


def measure(recipe: Recipe, seed: int, digits: Digits, validation: Digits, device: Device) -> Run:
    """Train once; what was reached when."""
    run: Run = []

    def on_epoch(line: Epoch) -> None:
        assert line.validation_accuracy is not None
        run.append(((run[-1][0] if run else 0) + line.seconds, line.validation_accuracy))

    train(
        lambda: build_network(recipe),
        recipe,
        seed,
        digits,
        device,
        validation=validation,
        on_epoch=on_epoch,
    )
    return run


def seconds_to(accuracy: float, runs: list[Run]) -> float | None:
    """Mean time after which an epoch ended with this accuracy; None if a run never got there."""
    reached = [next((s for s, a in run if a >= accuracy), None) for run in runs]
    found = [seconds for seconds in reached if seconds is not None]
    return statistics.mean(found) if len(found) == len(runs) else None


def draw(runs: dict[str, list[Run]], title: str, path: Path) -> None:
    """Error against time, both logarithmic, a line a run."""
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for name, own in runs.items():
        for number, run in enumerate(own):
            seconds, errors = zip(*((s, 100 * (1 - a)) for s, a in run), strict=True)
            label = name if number == 0 else None
            axes.plot(
                seconds,
                errors,
                color=COLOURS[name],
                marker=".",
                linewidth=1.2,
                label=label,
                alpha=0.8,
            )
    axes.set(xscale="log", yscale="log", xlabel="seconds of training", title=title)
    axes.set(ylabel="validation error, %", ylim=(0.4, 10))
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure the recipes in turn, seed after seed, then print, write and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="(%(default)s)")
    parser.add_argument("--recipes", nargs="+", choices=COMPARED, default=COMPARED)
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (all cores)")
    parser.add_argument("--data", type=Path, metavar="DIR")
    options = parser.parse_args()
    device = choose_device(threads=options.threads)
    digits, validation = hold_out(load_mnist(options.data).train)
    runs: dict[str, list[Run]] = {name: [] for name in options.recipes}
    for seed in range(options.seeds):
        for name, own in runs.items():
            own.append(measure(RECIPES[name], seed, digits, validation, device))
            print(
                f"{name}, seed {seed}: {own[-1][-1][1]:.2%} after {own[-1][-1][0]:.0f} s",
                flush=True,
            )
    print(f"\n{device}, {options.seeds} seeds: mean seconds to\n")
    print(f"{'accuracy':<10}" + "".join(f"{name:>12}" for name in runs))
    for accuracy in ACCURACIES:
        times = [seconds_to(accuracy, own) for own in runs.values()]
        cells = ["–" if time is None else f"{time:.0f}" for time in times]
        print(f"{accuracy:<10.1%}" + "".join(f"{cell:>12}" for cell in cells))
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["recipe", "seed", "epoch", "seconds", "validation_accuracy", "device"])
        for name, own in runs.items():
            for seed, run in enumerate(own):
                for epoch, (seconds, accuracy) in enumerate(run, 1):
                    writer.writerow([name, seed, epoch, round(seconds, 2), accuracy, str(device)])
    draw(runs, str(device), PICTURE)


if __name__ == "__main__":
    main()
