"""The training loop: one recipe, one seed, one network."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from training.augmentation import build_augmentation
from training.data import Digits
from training.device import Device
from training.distillation import WIDE, Teacher, mixed_loss
from training.evaluation import evaluate
from training.forms import draw_forms
from training.network import PARAMETERS, DigitNetwork, count_parameters
from training.optimization import perturbed
from training.recipes import Recipe, RecipeError
from training.state import Epoch, Network, ResumeError, TrainingState
from training.variants import VariantNetwork

DRAWN_OF_EACH_FORM = 200
"""Digits of each form that are drawn for a training; the augmentation makes more of them."""


def build_network(recipe: Recipe) -> DigitNetwork | VariantNetwork:
    """The network of a recipe, freshly initialised; ours with the parameters that it must have."""
    if recipe.network == "wide":
        return replace(WIDE, dropout=recipe.dropout).build()
    network = DigitNetwork(
        recipe.dropout, recipe.pool_before_prediction, recipe.pooling, recipe.pool_last
    )
    if (count := count_parameters(network)) != PARAMETERS:
        raise AssertionError(f"{count:,} parameters, not {PARAMETERS:,}")
    return network


def train(
    build: Callable[[], Network],
    recipe: Recipe,
    seed: int,
    train_digits: Digits,
    device: Device,
    *,
    teacher: Teacher | None = None,
    validation: Digits | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> tuple[Network, list[Epoch]]:
    """Train any network that answers with log-probabilities.

    The same recipe, seed, data and machine give the same weights, bit for bit. Every epoch draws
    its random numbers from the seed and its own number, so that a run that was interrupted and
    resumed ends exactly where an unbroken one does.

    Args:
        build: makes the network; called once, after the seed is set.
        teacher: what the recipe's share of distillation is learned from.
        validation: evaluated after every epoch, never trained on.
        checkpoint: file that always holds the state after the last finished epoch.
        resume: go on from ``checkpoint``.
        on_epoch: told of every finished epoch, those of a resumed checkpoint included.

    Returns:
        The network after the last epoch, in evaluation mode, and one line per epoch.

    Raises:
        ResumeError: there is no usable checkpoint of this very run.
        RecipeError: a batch is larger than all digits.
        ValueError: there is a teacher and no distillation, or the other way round.
    """
    if (teacher is None) == (recipe.distillation > 0):
        raise ValueError("a teacher is for recipes with distillation, which need one")
    if recipe.batch_size > len(train_digits):
        raise RecipeError(
            f"batch_size is {recipe.batch_size:,}, and there are {len(train_digits):,} digits only"
        )
    _make_deterministic(seed)
    network = build().to(device.torch_device, memory_format=device.memory_format)  # type: ignore[call-overload]
    state: TrainingState[Network] = TrainingState(network, recipe)
    identity = {
        "recipe": asdict(recipe),
        "seed": seed,
        "images": len(train_digits),
        "teacher": teacher.sha256 if teacher else None,
    }
    epochs: list[Epoch] = []
    if resume:
        if checkpoint is None:
            raise ResumeError("there is no checkpoint to resume from")
        epochs = state.restore(checkpoint, identity)
        for line in epochs:
            on_epoch(line)

    train_digits = train_digits.to(device.torch_device)
    forms = draw_forms(DRAWN_OF_EACH_FORM if recipe.forms else 0, seed).to(device.torch_device)
    result: Network | None = None
    for epoch in range(len(epochs), recipe.epochs):
        start = time.perf_counter()
        torch.manual_seed(_epoch_seed(seed, epoch))
        loss, accuracy = _train_epoch(state, train_digits, forms, teacher, device, epoch)
        if epoch + 1 == recipe.epochs:
            result = state.result(train_digits)
        seconds = time.perf_counter() - start
        held_out = None
        if validation:
            held_out = evaluate(result or state.result(train_digits), validation, device)
        line = Epoch(
            epoch=epoch + 1,
            learning_rate=recipe.learning_rate_at(epoch + 0.5),
            train_loss=loss,
            train_accuracy=accuracy,
            validation_loss=held_out.loss if held_out else None,
            validation_accuracy=held_out.accuracy if held_out else None,
            seconds=seconds,
        )
        epochs.append(line)
        if checkpoint is not None:
            state.save(checkpoint, identity, epochs)
        on_epoch(line)
    return result or state.result(train_digits), epochs


def _train_epoch(
    state: TrainingState[Network],
    digits: Digits,
    forms: Digits,
    teacher: Teacher | None,
    device: Device,
    epoch: int,
) -> tuple[float, float]:
    """Train on every batch once, a share of drawn forms in each; mean loss and accuracy."""
    network, recipe = state.network.train(), state.recipe
    augment = build_augmentation(recipe)
    strength = recipe.augmentation_strength_at(epoch)
    radius = recipe.sharpness_radius_at(epoch)
    crop = recipe.crop_at(epoch)
    loss_sum = correct = torch.zeros((), device=device.torch_device)
    batches = list(_batches(digits, recipe.batch_size))
    forms_per_batch = round(recipe.forms * recipe.batch_size)
    size = recipe.batch_size + forms_per_batch
    title = f"epoch {epoch + 1}/{recipe.epochs}"
    with tqdm(batches, desc=title, unit="batch", leave=False, disable=None) as bar:
        for step, batch in enumerate(bar, 1):
            if forms_per_batch:
                batch = batch.join(forms.take(torch.randint(len(forms), (forms_per_batch,))))
            images = augment(batch.images, strength)
            if crop:
                images = images[:, crop:-crop, crop:-crop]
            taught = teacher.probabilities(images, device) if teacher else None
            with device.autocast():
                log_probabilities = network(images)
            loss = _loss(log_probabilities, batch.labels, taught, recipe)
            loss.backward()
            if radius:
                with perturbed(network, radius):
                    with device.autocast():
                        around = network(images)
                    _loss(around, batch.labels, taught, recipe).backward()
            progress = epoch + (step - 0.5) / len(batches)
            state.step(recipe.learning_rate_at(progress) / recipe.learning_rate)
            loss_sum = loss_sum + loss.detach()
            correct = correct + (log_probabilities.argmax(1) == batch.labels).sum()
            if not bar.disable and step % 20 == 0:
                accuracy = correct / (step * size)
                bar.set_postfix_str(f"loss {loss_sum / step:.4f}, accuracy {accuracy:.2%}")
    return loss_sum.item() / len(batches), correct.item() / (len(batches) * size)


def _loss(
    log_probabilities: Tensor, labels: Tensor, taught: Tensor | None, recipe: Recipe
) -> Tensor:
    """Cross-entropy with labels and teacher, a share of the target spread over all digits."""
    loss = mixed_loss(log_probabilities, labels, taught, recipe.distillation)
    if smoothing := recipe.label_smoothing:
        loss = (1 - smoothing) * loss - smoothing * log_probabilities.mean()
    return loss


def _batches(digits: Digits, batch_size: int) -> Iterator[Digits]:
    """Every digit once in random order, in batches of one size."""
    order = torch.randperm(len(digits)).to(digits.labels.device)
    for indices in order.split(batch_size):
        if len(indices) == batch_size:
            yield digits.take(indices)


def _make_deterministic(seed: int) -> None:
    torch.manual_seed(seed)
    os.environ.setdefault(
        "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
    )  # cuBLAS repeats itself only with it
    torch.use_deterministic_algorithms(True)
    # no need to fill fresh memory: every kernel here writes all of it (a tenth of the time)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _epoch_seed(seed: int, epoch: int) -> int:
    return seed * 1_000 + epoch + 1


def remaining_seconds(epochs: list[Epoch], total: int) -> float:
    """Time left at the mean speed of the finished epochs."""
    if not epochs:
        return math.nan
    return sum(line.seconds for line in epochs) / len(epochs) * (total - len(epochs))
