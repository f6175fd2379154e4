import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import training.run
from app.recognizer import Recognizer
from training.__main__ import main
from training.data import Mnist, load_mnist


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


@pytest.fixture(scope="module")
def few(mnist_root: Path) -> Mnist:
    mnist = load_mnist(mnist_root)
    return Mnist(mnist.train.take(torch.arange(256)), mnist.test.take(torch.arange(20)))


def interrupt(monkeypatch: pytest.MonkeyPatch, command: list[str], mnist: Mnist) -> None:
    """Stop the command after its first epoch."""

    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.run, "_table_line", stop)
        assert main(command, load=lambda _: mnist) == 130


def test_interrupted_series_goes_on_where_it_was(
    few: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seed 0 is finished, seed 1 stopped after its first epoch of two, seed 2 not begun."""
    common = ["--recipe", "reference", "--epochs", "2", "--threads", "1", "--runs", str(tmp_path)]
    assert main([*common, "--seeds", "2"], load=lambda _: few) == 0
    (broken,) = tmp_path.glob("*-reference-1")
    loss = json.loads((broken / "result.json").read_text())["loss"]
    config = json.loads((broken / "config.json").read_text())
    shutil.rmtree(broken)
    interrupt(monkeypatch, [*common, "--seed", "1"], few)
    assert main([*common, "--seeds", "3", "--resume"], load=lambda _: few) == 0
    output = capsys.readouterr().out
    assert "reference-0/ is finished" in output
    assert json.loads((broken / "result.json").read_text())["loss"] == loss
    assert len(list(tmp_path.iterdir())) == 3
    resumed = json.loads((broken / "config.json").read_text())
    (again,) = resumed.pop("resumed")
    assert resumed == config
    assert again == {name: config[name] for name in again}


@pytest.mark.parametrize("finished", [True, False])
def test_run_of_another_length_is_not_resumed(
    few: Mnist,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    finished: bool,
) -> None:
    common = ["--recipe", "reference", "--threads", "1", "--runs", str(tmp_path)]
    if finished:
        assert main([*common, "--epochs", "2"], load=lambda _: few) == 0
    else:
        interrupt(monkeypatch, [*common, "--epochs", "2"], few)
    (directory,) = tmp_path.iterdir()
    kept = (directory / "config.json").read_text()
    capsys.readouterr()
    assert main([*common, "--epochs", "3", "--resume"], load=lambda _: few) == 1
    error = capsys.readouterr().err
    assert error == f"error: {directory}/ is of another recipe: epochs is 2 there, 3 here\n"
    assert (directory / "config.json").read_text() == kept


def test_run_without_settings_is_not_resumed(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2026-01-01-best-0").mkdir()
    (tmp_path / "2026-01-01-best-0" / "last.pt").touch()
    assert main(["--runs", str(tmp_path), "--resume"], load=lambda _: few) == 1
    assert "2026-01-01-best-0/config.json is missing or damaged" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_device_that_is_not_there_is_told(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--device", "cuda", "--runs", str(tmp_path)]
    assert main(command, load=lambda _: few) == 1
    assert capsys.readouterr().err.startswith("error: there is no cuda here that torch 2.")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("recipe", "exported"), [("reference", False), ("best", True)])
def test_only_the_best_recipe_replaces_the_weights_unasked(
    few: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, exported: bool
) -> None:
    asked = []

    def note(settings: training.run.RunSettings, *_: object) -> dict[str, Any]:
        asked.append(settings.weights)
        return {"accuracy": 1.0}

    monkeypatch.setattr("training.__main__.run", note)
    command = ["--recipe", recipe, "--seeds", "2", "--weights", str(tmp_path)]
    assert main(command, load=lambda _: few) == 0
    assert asked == [tmp_path if exported else None, None]
