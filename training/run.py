"""One run: a network trained in a directory of its own that keeps everything known about it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from training.calibration import calibrate, calibration_error, fit_temperature
from training.data import Mnist, hold_out
from training.device import Device
from training.distillation import Teacher, TeacherError, load_teacher
from training.evaluation import evaluate
from training.export import ExportError, export
from training.network import DigitNetwork
from training.novelty import fit_novelty
from training.plots import plot_confusion, plot_curves, plot_mistakes
from training.recipes import TEACHER, Recipe
from training.records import environment, model_card, write_json, write_metrics
from training.state import Epoch, ResumeError
from training.summary import format_table, summarize
from training.trainer import build_network, remaining_seconds, train

CONFIG = "config.json"
CHECKPOINT = "last.pt"
RESULT = "result.json"
NETWORK = "network.pt"


class DivergedError(Exception):
    """The loss of an epoch is no number: nothing can be learned from there on."""


@dataclass(frozen=True)
class RunSettings:
    """What one run does.

    Attributes:
        recipe: how to train.
        seed: of the initial weights, the order of the images and the augmentation.
        validate: hold out 10,000 training images and judge by them; the test set is not read.
            Without it all 60,000 are trained on and the test set is read once, at the end.
        resume: go on with the newest run of this recipe and seed; a finished one is left as it is.
        runs: directory of all runs.
        weights: directory to export to, or None.
        teacher: file of a teacher. Without it, a recipe with distillation takes that of the newest
            finished run of the recipe ``teacher``, or trains it first.
    """

    recipe: Recipe
    seed: int
    validate: bool
    resume: bool
    runs: Path
    weights: Path | None
    teacher: Path | None = None


def run(settings: RunSettings, mnist: Mnist, device: Device) -> dict[str, Any]:
    """Train, evaluate, record, export; returns what ``result.json`` holds.

    Raises:
        ResumeError: there is no such run to go on with, or it is of another recipe.
        TeacherError: the file of the teacher holds none.
        RecipeError: the recipe's batches are larger than all that there is to learn from.
        DivergedError: the loss of an epoch is infinite or not a number.
        ExportError: the exported graph does not answer as the network does, or the network is not
            the one that is exported.
    """
    recipe, seed = settings.recipe, settings.seed
    if settings.weights and recipe.network != "digits":
        raise ExportError(f"{recipe.name} trains another network than the one that is exported")
    previous = previous_run(settings) if settings.resume else None
    if settings.resume and previous is None and not _teacher_was_begun(settings):
        raise ResumeError(f"no run of {_name(settings)} in {settings.runs}/ to resume")
    begun = _read_config(previous, recipe) if previous else None
    if previous is not None and (previous / RESULT).exists():
        print(f"{previous}/ is finished")
        finished: dict[str, Any] = json.loads((previous / RESULT).read_text(encoding="utf-8"))
        return finished
    teacher = _teacher(settings, mnist, device) if recipe.distillation else None
    directory = previous or _new_directory(settings)
    training_digits, validation = mnist.train, None
    if settings.validate:
        training_digits, validation = hold_out(mnist.train)
    config = begun or {
        "recipe": asdict(recipe),
        "seed": seed,
        "validate": settings.validate,
        "training_images": len(training_digits),
        **({"teacher_sha256": teacher.sha256} if teacher else {}),
        **environment(device),
    }
    if begun:
        config["resumed"] = [*begun.get("resumed", []), environment(device)]
    write_json(directory / CONFIG, config)
    blank = build_network(recipe)
    summary = format_table(summarize(blank)) if isinstance(blank, DigitNetwork) else str(blank)
    (directory / "network.txt").write_text(summary + "\n", encoding="utf-8")
    _announce(settings, device, len(training_digits), directory, summary)

    lines: list[Epoch] = []

    def on_epoch(line: Epoch) -> None:
        lines.append(line)
        write_metrics(directory / "metrics.csv", lines)
        print(_table_line(line, remaining_seconds(lines, recipe.epochs)), flush=True)
        if not math.isfinite(line.train_loss):
            raise DivergedError(
                f"the training diverged in epoch {line.epoch}: its loss is {line.train_loss}; "
                "a lower learning_rate may help"
            )

    network, epochs = train(
        lambda: build_network(recipe),
        recipe,
        seed,
        training_digits,
        device,
        teacher=teacher,
        validation=validation,
        checkpoint=directory / CHECKPOINT,
        resume=previous is not None,
        on_epoch=on_epoch,
    )
    judged_by, digits = ("validation", validation) if validation else ("test", mnist.test)
    evaluation = evaluate(network, digits, device)
    title = f"{recipe.name} recipe, seed {seed}: {evaluation.accuracy:.2%} on the {judged_by} set"
    plot_curves(epochs, title, directory / "curves.png")
    plot_confusion(evaluation, title, directory / "confusion.png")
    plot_mistakes(digits, evaluation, f"{judged_by.capitalize()} set", directory / "mistakes.png")
    result = {
        "recipe": recipe.name,
        "seed": seed,
        "epochs": recipe.epochs,
        "training_images": len(training_digits),
        "judged_by": judged_by,
        "images": len(digits),
        "correct": evaluation.correct,
        "accuracy": evaluation.accuracy,
        "loss": evaluation.loss,
        "calibration_error": {
            str(t): calibration_error(evaluation, t) for t in (1.0, recipe.temperature)
        },
        **({"fitted_temperature": fit_temperature(evaluation)} if validation else {}),
        "seconds": round(sum(line.seconds for line in epochs), 1),
    }
    print(
        f"\n{judged_by} set: {evaluation.correct:,} of {len(digits):,} = "
        f"{evaluation.accuracy:.2%}, loss {evaluation.loss:.4f}, "
        f"trained in {result['seconds']:.0f} s"
    )
    if isinstance(network, DigitNetwork):
        calibrate(network, recipe.temperature)
        if settings.weights is not None:
            network = network.cpu()
            novelty = fit_novelty(network, mnist.train)
            card = model_card(network, novelty, config, result)
            export(network, novelty, card, mnist.test, device, settings.weights)
            print(f"exported to {settings.weights}/")
    write_json(directory / RESULT, result)
    (directory / CHECKPOINT).unlink()
    torch.save(network.state_dict(), directory / NETWORK)
    return result


def _teacher(settings: RunSettings, mnist: Mnist, device: Device) -> Teacher:
    """The teacher that the settings name, or that of the recipe ``teacher``, trained if need be."""
    if settings.teacher:
        return load_teacher(settings.teacher, device)
    lesson = _teacher_settings(settings)
    try:
        run(replace(lesson, resume=previous_run(lesson) is not None), mnist, device)
    except ResumeError as exc:
        raise TeacherError(f"{exc}; name a --teacher") from exc
    directory = previous_run(lesson)
    assert directory is not None
    return load_teacher(directory / NETWORK, device)


def _teacher_settings(settings: RunSettings) -> RunSettings:
    return replace(settings, recipe=TEACHER, seed=0, weights=None, resume=False)


def _teacher_was_begun(settings: RunSettings) -> bool:
    if not settings.recipe.distillation or settings.teacher:
        return False
    return previous_run(_teacher_settings(settings)) is not None


def previous_run(settings: RunSettings) -> Path | None:
    """Directory of the newest run of this recipe and seed that can be resumed or is finished."""
    found = [
        path.parent
        for kept in (CHECKPOINT, RESULT)
        for path in settings.runs.glob(f"*/{kept}")
        if path.parent.name[len("YYYY-MM-DD-") :].partition("+")[0] == _name(settings)
    ]
    return max(found, default=None)


def _read_config(directory: Path, recipe: Recipe) -> dict[str, Any]:
    """What a run was begun with; raises :class:`ResumeError` if that was another recipe."""
    path = directory / CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        there = config["recipe"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ResumeError(f"{path} is missing or damaged") from exc
    here = json.loads(json.dumps(asdict(recipe)))
    for name in {**there, **here}:
        if (old := there.get(name, "unknown")) != (new := here.get(name, "unknown")):
            raise ResumeError(
                f"{directory}/ is of another recipe: {name} is {old} there, {new} here"
            )
    return config


def _name(settings: RunSettings) -> str:
    return f"{settings.recipe.name}-{settings.seed}" + ("-validate" if settings.validate else "")


def _new_directory(settings: RunSettings) -> Path:
    name = f"{date.today().isoformat()}-{_name(settings)}"
    directory, count = settings.runs / name, 1
    while directory.exists():
        count += 1
        directory = settings.runs / f"{name}+{count}"
    directory.mkdir(parents=True)
    return directory


def _announce(
    settings: RunSettings, device: Device, images: int, directory: Path, summary: str
) -> None:
    print(summary)
    print(f"\n{settings.recipe.name} recipe, seed {settings.seed}, {images:,} images, {device}")
    print(f"records go to {directory}/")
    if not settings.validate:
        print("every training image is used; --validate holds 10,000 out to show over-fitting")
    print(
        f"\n{'epoch':>5}{'rate':>10}{'train loss':>12}{'accuracy':>10}"
        f"{'valid. loss':>13}{'accuracy':>10}{'seconds':>9}{'left':>8}"
    )


def _table_line(line: Epoch, seconds_left: float) -> str:
    def number(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    left = f"{seconds_left // 60:.0f}:{seconds_left % 60:02.0f}"
    return (
        f"{line.epoch:>5}{line.learning_rate:>10.2g}"
        f"{line.train_loss:>12.4f}{line.train_accuracy:>10.2%}"
        f"{number(line.validation_loss, '.4f'):>13}{number(line.validation_accuracy, '.2%'):>10}"
        f"{line.seconds:>9.1f}{left:>8}"
    )
