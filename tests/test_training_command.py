import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.recognizer import Recognizer
from training.__main__ import main
from training.data import Mnist, load_mnist
from training.device import choose_device
from training.network import DigitNetwork
from training.recipes import REFERENCE
from training.state import Epoch
from training.trainer import train


def test_missing_data_is_an_error_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "train-images-idx3-ubyte is missing" in error
    assert error.count("\n") == 1


def test_nothing_to_resume_is_an_error(
    mnist_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(mnist_root), "--runs", str(tmp_path), "--resume"]) == 1
    assert "no run of best-0 in" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--epochs", "0"], ["--recipe", "magic"]])
def test_wrong_arguments_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(wrong)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("learning_rate=1e12", "the training diverged in epoch 1: its loss is nan; a lower"),
        ("batch_size=300", "batch_size is 300, and there are 256 digits only"),
    ],
)
def test_training_that_can_not_go_on_is_told(
    mnist_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, words: str
) -> None:
    mnist = load_mnist(mnist_root)
    few = Mnist(mnist.train.take(torch.arange(256)), mnist.test)
    command = ["--recipe", "fast", "--epochs", "2", "--runs", str(tmp_path), "--set", change]
    assert main(command, load=lambda _: few) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {words}")
    assert error.count("\n") == 1
    assert not list(tmp_path.glob("*/result.json"))


def test_one_epoch_is_recorded_and_exported(
    mnist_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, weights = tmp_path / "runs", tmp_path / "weights"
    common = ["--recipe", "reference", "--epochs", "1", "--data", str(mnist_root)]
    common += ["--runs", str(runs)]
    assert main([*common, "--weights", str(weights), "--export"]) == 0
    assert "trainable parameters              18,520" in capsys.readouterr().out

    (directory,) = runs.iterdir()
    assert directory.name.endswith("-reference-0")
    assert {path.name for path in directory.iterdir()} == {
        "config.json",
        "confusion.png",
        "curves.png",
        "metrics.csv",
        "mistakes.png",
        "network.pt",
        "network.txt",
        "result.json",
    }
    result = json.loads((directory / "result.json").read_text())
    assert result["accuracy"] == result["correct"] / 10_000 > 0.95
    with (directory / "metrics.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert float(line["train_accuracy"]) > 0.8
    assert line["validation_accuracy"] == ""
    assert main([*common, "--resume"]) == 0
    assert f"{directory}/ is finished" in capsys.readouterr().out
    card = Recognizer.load(weights).checkpoint.card
    assert card["accuracy"]["correct"] == result["correct"]
    assert str(mnist_root) not in json.dumps(card)


def test_interrupted_series_goes_on_where_it_was(
    mnist_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Seed 0 is finished, seed 1 stopped after its first epoch of two, seed 2 not begun."""
    mnist = load_mnist(mnist_root)
    few = Mnist(mnist.train.take(torch.arange(256)), mnist.test.take(torch.arange(20)))
    common = ["--recipe", "reference", "--seeds", "3", "--epochs", "2", "--threads", "1"]
    common += ["--runs", str(tmp_path)]
    assert main(common, load=lambda _: few) == 0
    (broken,) = tmp_path.glob("*-reference-1")
    loss = json.loads((broken / "result.json").read_text())["loss"]
    shutil.rmtree(next(tmp_path.glob("*-reference-2")))
    shutil.rmtree(broken)
    device = choose_device("cpu", threads=1)
    recipe = replace(REFERENCE, epochs=2)
    broken.mkdir()

    def stop(line: Epoch) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            DigitNetwork, recipe, 1, few.train, device, checkpoint=broken / "last.pt", on_epoch=stop
        )
    assert main([*common, "--resume"], load=lambda _: few) == 0
    output = capsys.readouterr().out
    assert "reference-0/ is finished" in output
    assert json.loads((broken / "result.json").read_text())["loss"] == loss
    assert len(list(tmp_path.iterdir())) == 3
