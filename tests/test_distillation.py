import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import training.run
from training.__main__ import main
from training.data import Digits, Mnist
from training.device import Device, choose_device
from training.distillation import WIDE, Teacher, TeacherError, load_teacher, mixed_loss
from training.evaluation import evaluate
from training.network import DigitNetwork, count_parameters
from training.recipes import BEST, REFERENCE, TEACHER
from training.state import ResumeError
from training.trainer import train

STUDENT = ["--recipe", "reference", "--set", "distillation=0.9", "--epochs", "1"]


@pytest.fixture
def device() -> Device:
    return choose_device("cpu", "float32", threads=1)


@pytest.fixture
def few(digits: Digits) -> Mnist:
    many = digits.take(torch.arange(256) % len(digits))
    return Mnist(many, digits)


@pytest.fixture
def short_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training.run, "TEACHER", replace(TEACHER, epochs=1, sharpness_epochs=0))


class Fixed(torch.nn.Module):
    """Says the same of every image."""

    def __init__(self, probabilities: list[float]) -> None:
        super().__init__()
        self.answer = torch.tensor(probabilities).log()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.answer.expand(len(images), -1)


def test_wide_network_has_the_parameters_that_the_documents_give() -> None:
    assert count_parameters(WIDE.build()) == 288_160


def test_without_a_teacher_the_labels_count() -> None:
    log_probabilities = torch.randn(5, 10).log_softmax(1)
    labels = torch.arange(5)
    assert mixed_loss(log_probabilities, labels, None, 0.9) == F.nll_loss(log_probabilities, labels)


def test_mixed_loss_is_least_at_the_mixture() -> None:
    """Cross-entropy with 0.25 · (1, 0, …) + 0.75 · taught, whose minimum is its own entropy."""
    taught = torch.full((1, 10), 0.05)
    taught[0, 3] = 0.55
    mixture = 0.75 * taught
    mixture[0, 0] += 0.25
    labels = torch.zeros(1, dtype=torch.long)
    least = mixed_loss(mixture.log(), labels, taught, 0.75)
    assert least.item() == pytest.approx(-(mixture * mixture.log()).sum().item())
    other = (0.9 * mixture + 0.01).log()
    assert mixed_loss(other, labels, taught, 0.75) > least


def test_network_learns_what_the_teacher_says_and_not_the_labels(
    digits: Digits, device: Device
) -> None:
    taught = [0.7, 0.3 - 8e-6, *[1e-6] * 8]
    recipe = replace(REFERENCE, epochs=19, batch_size=10, schedule="constant", distillation=1.0)
    network, _ = train(DigitNetwork, recipe, 0, digits, device, teacher=Teacher(Fixed(taught), "0"))
    said = evaluate(network, digits, device).log_probabilities.exp().mean(0)
    assert said[:2].tolist() == pytest.approx(taught[:2], abs=0.1)


def test_teacher_is_in_evaluation_mode_and_needs_no_gradient(
    tmp_path: Path, digits: Digits, device: Device
) -> None:
    path = tmp_path / "network.pt"
    torch.save(WIDE.build().state_dict(), path)
    teacher = load_teacher(path, device)
    first, second = (teacher.probabilities(digits.images, device) for _ in range(2))
    assert torch.equal(first, second)
    assert first.sum(1).tolist() == pytest.approx([1.0] * len(digits))
    assert not first.requires_grad


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "can't be read: No such file"), ("text", "holds no teacher"), ("ours", "holds no")],
)
def test_file_without_a_teacher_is_named(
    tmp_path: Path, device: Device, content: str | None, words: str
) -> None:
    path = tmp_path / "network.pt"
    if content == "text":
        path.write_text("no network")
    elif content == "ours":
        torch.save(DigitNetwork().state_dict(), path)
    with pytest.raises(TeacherError, match=words) as caught:
        load_teacher(path, device)
    assert "\n" not in str(caught.value)


def test_run_of_another_teacher_is_not_resumed(
    digits: Digits, device: Device, tmp_path: Path
) -> None:
    recipe = replace(REFERENCE, epochs=1, batch_size=10, distillation=0.5)
    checkpoint = tmp_path / "last.pt"
    one, other = (Teacher(Fixed([0.1] * 10), sha256) for sha256 in "12")
    train(DigitNetwork, recipe, 0, digits, device, teacher=one, checkpoint=checkpoint)
    with pytest.raises(ResumeError, match="another run"):
        train(
            DigitNetwork,
            recipe,
            0,
            digits,
            device,
            teacher=other,
            checkpoint=checkpoint,
            resume=True,
        )


def test_teacher_from_whom_nothing_is_learned_is_refused(
    digits: Digits, device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--recipe", "best", "--teacher", "network.pt"]) == 2
    assert "best learns nothing from a --teacher" in capsys.readouterr().err
    teacher = Teacher(Fixed([0.1] * 10), "0")
    with pytest.raises(ValueError, match="recipes with distillation"):
        train(DigitNetwork, REFERENCE, 0, digits, device, teacher=teacher)
    with pytest.raises(ValueError, match="which need one"):
        train(DigitNetwork, replace(REFERENCE, distillation=0.5), 0, digits, device)


@pytest.mark.usefixtures("short_lesson")
def test_teacher_is_trained_once_and_recorded(few: Mnist, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    command = [*STUDENT, "--seeds", "2", "--threads", "1", "--runs", str(runs)]
    assert main(command, load=lambda _: few) == 0
    (taught_by,) = runs.glob("*-teacher-0")
    (student,) = runs.glob("*distillation=0.9-1")
    assert len(list(runs.iterdir())) == 3
    config = json.loads((student / "config.json").read_text())
    device = choose_device("cpu", threads=1)
    assert config["teacher_sha256"] == load_teacher(taught_by / "network.pt", device).sha256


@pytest.mark.usefixtures("short_lesson")
def test_interrupted_lesson_is_resumed(
    few: Mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--resume goes on where only the teacher had been trained."""
    monkeypatch.setattr(training.run, "_announce", _interrupt_student)
    command = [*STUDENT, "--threads", "1", "--runs", str(tmp_path)]
    assert main(command, load=lambda _: few) == 130
    monkeypatch.undo()
    monkeypatch.setattr(training.run, "TEACHER", replace(TEACHER, epochs=1, sharpness_epochs=0))
    assert main([*command, "--resume"], load=lambda _: few) == 0
    assert len(list(tmp_path.glob("*-teacher-0*"))) == 1


def _interrupt_student(settings: training.run.RunSettings, *_: object) -> None:
    if settings.recipe.network == "digits":
        raise KeyboardInterrupt


@pytest.mark.usefixtures("short_lesson")
def test_teacher_of_another_recipe_is_refused(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "2026-01-01-teacher-0"
    directory.mkdir()
    (directory / "result.json").write_text("{}")
    (directory / "config.json").write_text(json.dumps({"recipe": asdict(BEST)}))
    command = [*STUDENT, "--threads", "1", "--runs", str(tmp_path)]
    assert main(command, load=lambda _: few) == 1
    error = capsys.readouterr().err
    assert "is of another recipe: name is best there, teacher here; name a --teacher" in error


def test_teacher_is_not_exported(
    few: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--recipe", "teacher", "--export", "--runs", str(tmp_path / "runs")]
    assert main([*command, "--weights", str(tmp_path / "w")], load=lambda _: few) == 1
    assert "another network than the one that is exported" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
