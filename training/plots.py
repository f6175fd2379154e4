"""Pictures of a run: curves, confusion matrix, sheet of the mistakes."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

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


def plot_curves(epochs: list[Epoch], title: str, path: Path) -> None:
    """Loss and accuracy by epoch, training and (where one was held out) validation."""
    figure, (loss_axes, accuracy_axes) = plt.subplots(1, 2, figsize=(9, 3.6))
    x = [line.epoch for line in epochs]
    series = {"train": TRAIN_COLOUR}
    if epochs[-1].validation_loss is not None:
        series["validation"] = HELD_OUT_COLOUR
    for name, colour in series.items():
        style = {"color": colour, "label": name, "linewidth": 1.8, "marker": ".", "markersize": 5}
        loss_axes.plot(x, [getattr(line, f"{name}_loss") for line in epochs], **style)
        accuracy_axes.plot(x, [getattr(line, f"{name}_accuracy") for line in epochs], **style)
    loss_axes.set(xlabel="epoch", ylabel="negative log-likelihood", yscale="log")
    accuracy_axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0.95, 1.001))
    accuracy_axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (loss_axes, accuracy_axes):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
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
    """Every digit named wrongly, surest mistake first: label → answer, probability, index."""
    named = evaluation.log_probabilities.argmax(1)
    confidence = evaluation.log_probabilities.max(1).values.exp()
    wrong = (named != evaluation.labels).nonzero().flatten()
    wrong = wrong[confidence[wrong].argsort(descending=True)]
    rows = max(1, -(-len(wrong) // SHEET_COLUMNS))
    figure, grid = plt.subplots(
        rows, SHEET_COLUMNS, figsize=(SHEET_COLUMNS, 1.32 * rows + 0.4), squeeze=False
    )
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, wrong.tolist(), strict=False):
        axes.imshow(digits.images[index].numpy(), cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(
            f"{evaluation.labels[index]} → {named[index]}  {confidence[index]:.0%}\n#{index}",
            fontsize=7.5,
        )
    figure.suptitle(f"{title}: {len(wrong)} mistakes in {len(digits):,} (label → answer)")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path)
    plt.close(figure)
