from pathlib import Path

import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from training import plots
from training.data import Digits
from training.evaluation import Evaluation
from training.plots import plot_curves, plot_mistakes
from training.state import Epoch


@pytest.mark.parametrize(("wrong", "rows"), [(0, 1), (11, 2), (9_000, 10)])
def test_sheet_of_mistakes_has_room_for_the_surest_hundred(
    tmp_path: Path, wrong: int, rows: int
) -> None:
    """A network that learned nothing has thousands, more than any picture is high."""
    labels = torch.zeros(10_000, dtype=torch.int64)
    log_probabilities = torch.full((10_000, 10), -5.0)
    log_probabilities[torch.arange(10_000), (torch.arange(10_000) < wrong).long()] = -0.1
    digits = Digits(torch.zeros(10_000, 28, 28, dtype=torch.uint8), labels)
    plot_mistakes(digits, Evaluation(log_probabilities, labels), "Test set", tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as sheet:
        assert sheet.width == 1_300
        assert sheet.height == pytest.approx(52 + 171.6 * rows, abs=2)


@pytest.mark.parametrize("ends", [0.11, 0.84, 0.996])
def test_end_of_every_run_is_in_its_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: float
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(plots, "_save", lambda figure, _: drawn.append(figure))
    plot_curves([Epoch(1, 0.1, 0.5, 0.9, 0.4, ends, 1.0)], "one epoch", tmp_path / "curves.png")
    (figure,) = drawn
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert all(low < curve.get_ydata()[-1] < high for curve in axes.lines)
        left, right = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if left < tick < right] == [1]
    plt.close(figure)
