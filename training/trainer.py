"""The training loop: one recipe, one seed, one network."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from tqdm import tqdm

from training.augmentation import build_augmentation
from training.data import Digits
from training.device import Device
from training.evaluation import evaluate
from training.forms import draw_forms
from training.network import PARAMETERS, DigitNetwork, count_parameters
from training.optimization import build_optimizers
from training.recipes import Recipe

STATISTICS_IMAGES = 12_800
"""Training images from which BatchNorm's statistics are taken for averaged weights."""
DRAWN_OF_EACH_FORM = 200
"""Digits of each form that are drawn for a training; the augmentation makes more of them."""

Network = TypeVar("Network", bound=nn.Module)


class ResumeError(Exception):
    """The checkpoint to go on from is missing, damaged or of another run."""


@dataclass(frozen=True)
class Epoch:
    """One line of the training table.

    Losses are mean negative log-likelihoods in nats, accuracies fractions. Training figures are
    taken while training (dropout on, weights still moving); validation figures after the epoch,
    and None where no validation set was held out.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


def train(
    recipe: Recipe,
    seed: int,
    train_digits: Digits,
    device: Device,
    *,
    validation: Digits | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_epoch: Callable[[Epoch], None] = lambda _: None,
) -> tuple[DigitNetwork, list[Epoch]]:
    """Train the network; see :func:`train_network`."""

    def build() -> DigitNetwork:
        network = DigitNetwork(recipe.dropout, recipe.pool_before_prediction)
        if (count := count_parameters(network)) != PARAMETERS:
            raise AssertionError(f"{count:,} parameters, not {PARAMETERS:,}")
        return network

    return train_network(
        build,
        recipe,
        seed,
        train_digits,
        device,
        validation=validation,
        checkpoint=checkpoint,
        resume=resume,
        on_epoch=on_epoch,
    )


def train_network(
    build: Callable[[], Network],
    recipe: Recipe,
    seed: int,
    train_digits: Digits,
    device: Device,
    *,
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
        validation: evaluated after every epoch, never trained on.
        checkpoint: file that always holds the state after the last finished epoch.
        resume: go on from ``checkpoint``.
        on_epoch: told of every finished epoch, those of a resumed checkpoint included.

    Returns:
        The network after the last epoch, in evaluation mode, and one line per epoch.

    Raises:
        ResumeError: there is no usable checkpoint of this very run.
    """
    _make_deterministic(seed)
    network = build()
    network = network.to(device.torch_device, memory_format=device.memory_format)  # type: ignore[call-overload]
    average = AveragedModel(
        network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
    )
    optimizers = build_optimizers(network, recipe)
    state = _State[Network](network, average, optimizers)
    identity = {"recipe": asdict(recipe), "seed": seed, "images": len(train_digits)}
    epochs: list[Epoch] = []
    if resume:
        if checkpoint is None:
            raise ResumeError("there is no checkpoint to resume from")
        epochs = _restore(checkpoint, identity, state)
        for line in epochs:
            on_epoch(line)

    train_digits = train_digits.to(device.torch_device)
    forms = draw_forms(DRAWN_OF_EACH_FORM if recipe.forms else 0, seed).to(device.torch_device)
    for epoch in range(len(epochs), recipe.epochs):
        start = time.perf_counter()
        torch.manual_seed(_epoch_seed(seed, epoch))
        train_loss, train_accuracy = _train_epoch(state, train_digits, forms, recipe, device, epoch)
        held_out = None
        if validation:
            held_out = evaluate(state.result(recipe, train_digits), validation, device)
        line = Epoch(
            epoch=epoch + 1,
            learning_rate=recipe.learning_rate_at(epoch + 0.5),
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=held_out.loss if held_out else None,
            validation_accuracy=held_out.accuracy if held_out else None,
            seconds=time.perf_counter() - start,
        )
        epochs.append(line)
        if checkpoint is not None:
            _save(checkpoint, identity, state, epochs)
        on_epoch(line)
    return state.result(recipe, train_digits), epochs


@dataclass(frozen=True)
class _State(Generic[Network]):
    """What training changes: the network, the average of its weights, the optimizers."""

    network: Network
    average: AveragedModel
    optimizers: list[torch.optim.Optimizer]

    def result(self, recipe: Recipe, digits: Digits) -> Network:
        """The network as trained so far, in evaluation mode.

        Averaged weights get BatchNorm statistics of their own, as in Izmailov et al. 2018
        (https://arxiv.org/abs/1803.05407): those met on the way belong to other weights.
        """
        network: Network = copy.deepcopy(self.average.module)  # type: ignore[assignment]
        if recipe.averaging:
            batches = digits.images[:STATISTICS_IMAGES].split(recipe.batch_size)
            torch.manual_seed(0)  # of the dropout: the same whether the run was resumed or not
            update_bn(batches, network)
        return network.eval()

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimizer, values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)

    def step(self, rate: float) -> None:
        """Update the weights, at ``rate`` times the highest learning rate, and their average."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate
            optimizer.step()
            optimizer.zero_grad()
        self.average.update_parameters(self.network)


def _train_epoch(
    state: _State[Network],
    digits: Digits,
    forms: Digits,
    recipe: Recipe,
    device: Device,
    epoch: int,
) -> tuple[float, float]:
    """Train on every batch once, a share of drawn forms in each; mean loss and accuracy."""
    network = state.network.train()
    augment = build_augmentation(recipe)
    strength = recipe.augmentation_strength_at(epoch)
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
            with device.autocast():
                log_probabilities = network(images)
            loss = _loss(log_probabilities, batch.labels, recipe.label_smoothing)
            loss.backward()
            progress = epoch + (step - 0.5) / len(batches)
            state.step(recipe.learning_rate_at(progress) / recipe.learning_rate)
            loss_sum = loss_sum + loss.detach()
            correct = correct + (log_probabilities.argmax(1) == batch.labels).sum()
            if not bar.disable and step % 20 == 0:
                accuracy = correct / (step * size)
                bar.set_postfix_str(f"loss {loss_sum / step:.4f}, accuracy {accuracy:.2%}")
    return loss_sum.item() / len(batches), correct.item() / (len(batches) * size)


def _loss(log_probabilities: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Negative log-likelihood, with a share of the target spread over all digits."""
    loss = F.nll_loss(log_probabilities, labels)
    if smoothing:
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


def _save(
    path: Path, identity: dict[str, Any], state: _State[Network], epochs: list[Epoch]
) -> None:
    """Replace the checkpoint in one step, so that an interruption leaves the old one or the new."""
    content = {
        "identity": identity,
        "state": state.as_dict(),
        "epochs": [asdict(epoch) for epoch in epochs],
    }
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def _restore(path: Path, identity: dict[str, Any], state: _State[Network]) -> list[Epoch]:
    try:
        content = torch.load(path, weights_only=True)
    except FileNotFoundError as exc:
        raise ResumeError(f"{path} does not exist: no epoch of this run was finished") from exc
    except Exception as exc:  # torch.load names no error type for a damaged file
        raise ResumeError(f"{path} is damaged: {exc}") from exc
    if content["identity"] != identity:
        raise ResumeError(
            f"{path} was written by another run: {content['identity']} there, {identity} here"
        )
    state.load(content["state"])
    return [Epoch(**line) for line in content["epochs"]]


def remaining_seconds(epochs: list[Epoch], total: int) -> float:
    """Time left at the mean speed of the finished epochs."""
    if not epochs:
        return math.nan
    return sum(line.seconds for line in epochs) / len(epochs) * (total - len(epochs))
