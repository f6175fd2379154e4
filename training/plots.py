"""Pictures of a run: curves, confusion matrix, sheet of the mistakes; and of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from training.data import Digits
from training.evaluation import Evaluation
from training.state import Epoch

matplotlib.use("Agg")
plt.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "savefig.dpi": 130,
        "figure.constrained_layout.use": True,
    }
)

TRAIN_COLOUR, HELD_OUT_COLOUR = "#4C6EF5", "#F76707"
SHEET_COLUMNS = 10
SHEET_DIGITS = 100
"""Mistakes that a sheet shows: a bad run has thousands, which would take minutes to draw."""
SWEEP_TICKS = (0.7, 1, 1.5, 2, 3, 5)
GREATEST_ERROR = 6.0
"""Percent, in the picture of a sweep; what is beyond has its number written there."""


def plot_curves(epochs: list[Epoch], title: str, path: Path) -> None:
    """Loss and accuracy by epoch, training and (where one was held out) validation.

    Accuracies from 95 % on, or from below what a bad run ends with.
    """
    figure, (loss_axes, accuracy_axes) = plt.subplots(1, 2, figsize=(9, 3.6))
    x = [line.epoch for line in epochs]
    series = {"train": TRAIN_COLOUR}
    if epochs[-1].validation_loss is not None:
        series["validation"] = HELD_OUT_COLOUR
    for name, colour in series.items():
        style = {"color": colour, "label": name, "linewidth": 1.8, "marker": ".", "markersize": 5}
        loss_axes.plot(x, [getattr(line, f"{name}_loss") for line in epochs], **style)
        accuracy_axes.plot(x, [getattr(line, f"{name}_accuracy") for line in epochs], **style)
    worst_end = min(getattr(epochs[-1], f"{name}_accuracy") for name in series)
    loss_axes.set(xlabel="epoch", ylabel="negative log-likelihood", yscale="log")
    accuracy_axes.set(xlabel="epoch", ylabel="accuracy", ylim=(min(0.95, worst_end - 0.05), 1.001))
    accuracy_axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (loss_axes, accuracy_axes):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    accuracy_axes.legend(frameon=False, loc="lower right")
    figure.suptitle(title)
    _save(figure, path)


def plot_confusion(evaluation: Evaluation, title: str, path: Path) -> None:
    """Confusion matrix: counts, the colour showing the mistakes only."""
    matrix = np.zeros((10, 10), dtype=int)
    named = evaluation.log_probabilities.argmax(1)
    np.add.at(matrix, (evaluation.labels.numpy(), named.numpy()), 1)
    mistakes = matrix - np.diag(np.diag(matrix))
    figure, axes = plt.subplots(figsize=(5.6, 5.4))
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(mistakes.max() * 1.6, 1))
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            diagonal = row == column
            axes.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=8 if diagonal else 9,
                color="#868e96" if diagonal else "black",
            )
    axes.set(xticks=range(10), yticks=range(10), xlabel="named", ylabel="label", title=title)
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _save(figure, path)


def plot_mistakes(digits: Digits, evaluation: Evaluation, title: str, path: Path) -> None:
    """The digits named wrongly, surest mistake first: label → answer, probability, index.

    The ``SHEET_DIGITS`` surest, if there are more.
    """
    named = evaluation.log_probabilities.argmax(1)
    confidence = evaluation.log_probabilities.max(1).values.exp()
    wrong = (named != evaluation.labels).nonzero().flatten()
    wrong = wrong[confidence[wrong].argsort(descending=True, stable=True)]
    shown = wrong[:SHEET_DIGITS].tolist()
    rows = max(1, -(-len(shown) // SHEET_COLUMNS))
    figure, grid = plt.subplots(
        rows, SHEET_COLUMNS, figsize=(SHEET_COLUMNS, 1.32 * rows + 0.4), squeeze=False
    )
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, shown, strict=False):
        axes.imshow(digits.images[index].numpy(), cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(
            f"{evaluation.labels[index]} → {named[index]}  {confidence[index]:.0%}\n#{index}",
            fontsize=7.5,
        )
    surest = f", the {len(shown)} surest" if len(shown) < len(wrong) else ""
    figure.suptitle(f"{title}: {len(wrong):,} mistakes in {len(digits):,}{surest} (label → answer)")
    _save(figure, path)


def plot_sweep(table: list[dict[str, Any]], path: Path) -> None:
    """One line a row of a sweep: mean error and its standard deviation, beside the first row's."""
    errors = [100 * (1 - line["accuracy"]) for line in table]
    spread = [100 * line["deviation"] for line in table]
    questions = [line["question"] for line in table]
    begins = [q != before for q, before in zip(questions, [None, *questions], strict=False)]
    places = np.arange(len(table)) + 0.5 * np.cumsum(begins)  # a gap between questions
    figure, axes = plt.subplots(figsize=(8, 0.21 * places[-1] + 0.8))
    axes.axvspan(errors[0] - spread[0], errors[0] + spread[0], color=HELD_OUT_COLOUR, alpha=0.12)
    axes.axvline(errors[0], color=HELD_OUT_COLOUR, linewidth=1)
    for error, deviation, place in zip(errors, spread, places, strict=True):
        if error > GREATEST_ERROR:
            axes.plot(GREATEST_ERROR, place, ">", color=TRAIN_COLOUR, clip_on=False)
            axes.annotate(
                f"{error:.0f} %", (GREATEST_ERROR, place), (-8, 0), ha="right", va="center",
                textcoords="offset points",
            )  # fmt: skip
        else:
            axes.errorbar(error, place, xerr=deviation, fmt="o", color=TRAIN_COLOUR, markersize=5)
    for question, begin, place in zip(questions, begins, places, strict=True):
        if begin:
            axes.text(
                -0.36, place, question, transform=axes.get_yaxis_transform(), ha="right",
                va="center", weight="bold",
            )  # fmt: skip
    axes.set(xscale="log", xlim=(0.6, GREATEST_ERROR), xlabel="validation error, %")
    axes.set_xticks(SWEEP_TICKS, [f"{tick:g}" for tick in SWEEP_TICKS])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(places, [line["answer"] for line in table])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(places[-1] + 0.8, places[0] - 0.8)
    axes.grid(visible=False, axis="y")
    figure.savefig(path, bbox_inches="tight")
    plt.close(figure)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path)
    plt.close(figure)
