"""``python -m training``: train, judge and export the network."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from training.data import DataError, Mnist, load_mnist
from training.device import DeviceError, choose_device
from training.distillation import TeacherError
from training.export import ExportError
from training.recipes import BEST, RECIPES, RecipeError
from training.run import DivergedError, RunSettings, previous_run, run
from training.state import ResumeError

INTERRUPTED = 130

ERRORS = (
    *(DataError, DeviceError, RecipeError, ResumeError),
    *(TeacherError, DivergedError, ExportError),
)
"""What is told in one line."""


def main(
    arguments: list[str] | None = None, *, load: Callable[[Path | None], Mnist] = load_mnist
) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        recipe = RECIPES[options.recipe].override(options.set)
    except RecipeError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    if options.teacher and not recipe.distillation:
        print(f"error: {recipe.name} learns nothing from a --teacher", file=sys.stderr)
        return 2
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    shipped = recipe == BEST and not options.validate
    export = shipped if options.export is None else options.export
    seeds = list(range(options.seeds)) if options.seeds else [options.seed]
    try:
        mnist = load(options.data)
        device = choose_device(options.device, options.precision, options.threads)
        results = []
        for seed in seeds:
            settings = RunSettings(
                recipe=recipe,
                seed=seed,
                validate=options.validate,
                resume=options.resume,
                runs=options.runs,
                weights=options.weights if export and seed == seeds[0] else None,
                teacher=options.teacher,
            )
            if options.seeds and previous_run(settings) is None:
                settings = replace(settings, resume=False)  # a series goes on with its next seed
            results.append(run(settings, mnist, device))
    except ERRORS as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the last finished epoch is kept: --resume goes on", file=sys.stderr)
        return INTERRUPTED
    if len(results) > 1:
        accuracies = [result["accuracy"] for result in results]
        print(
            f"\n{len(results)} seeds: " + ", ".join(f"{value:.2%}" for value in accuracies) + "; "
            f"mean {statistics.mean(accuracies):.3%}, "
            f"standard deviation {statistics.stdev(accuracies):.3%}"
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train the digit network on MNIST and write the checkpoint to weights/.",
    )
    add = parser.add_argument
    add("--recipe", choices=sorted(RECIPES), default="best", help="how to train (%(default)s)")
    add("--seed", type=_count, default=0, help="makes a run repeat exactly (%(default)s)")
    add("--seeds", type=_positive, metavar="N", help="train N times, with seeds 0 to N-1")
    add("--epochs", type=_positive, metavar="N", help="stop after N epochs instead of the recipe's")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a hyperparameter of the recipe; may be repeated",
    )
    add(
        "--teacher",
        type=Path,
        metavar="FILE",
        help="network.pt of a run of the recipe teacher, for recipes with distillation (by "
        "default the newest in --runs; if there is none, it is trained first)",
    )
    add(
        "--validate",
        action="store_true",
        help="hold out 10,000 training images and judge by them; the test set is not read",
    )
    add("--resume", action="store_true", help="go on with the newest run, or series of runs")
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="directory that holds MNIST/raw/ (or set MNIST_ROOT; by default MNIST is downloaded)",
    )
    add("--device", choices=("auto", "cuda", "mps", "cpu"), default="auto", help="(%(default)s)")
    add(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="(%(default)s)"
    )
    add("--threads", type=_positive, metavar="N", help="CPU threads (all cores)")
    add("--runs", type=Path, default=Path("runs"), metavar="DIR", help="records (%(default)s/)")
    add("--weights", type=Path, default=Path("weights"), metavar="DIR", help="(%(default)s/)")
    add(
        "--export",
        action=argparse.BooleanOptionalAction,
        help="write the checkpoint (by default after a full run of the recipe best)",
    )
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _count(text: str) -> int:
    if (number := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


if __name__ == "__main__":
    sys.exit(main())
