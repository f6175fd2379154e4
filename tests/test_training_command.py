import csv
import json
from pathlib import Path

import pytest

from app.recognizer import Recognizer
from training.__main__ import main


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
    assert "no unfinished run of reference-0" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--epochs", "0"], ["--recipe", "magic"]])
def test_wrong_arguments_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(wrong)


def test_one_epoch_is_recorded_and_exported(
    mnist_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, weights = tmp_path / "runs", tmp_path / "weights"
    common = ["--data", str(mnist_root), "--epochs", "1", "--runs", str(runs)]
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
    card = Recognizer.load(weights).checkpoint.card
    assert card["accuracy"]["correct"] == result["correct"]
    assert str(mnist_root) not in json.dumps(card)
