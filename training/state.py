"""What a training changes, kept so that it can be taken up again to the same end."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn, update_bn

from training.data import Digits
from training.optimization import build_optimizers
from training.recipes import Recipe

STATISTICS_IMAGES = 6_400
"""Training images from which BatchNorm's statistics are taken for averaged weights."""

Network = TypeVar("Network", bound=nn.Module)


class ResumeError(Exception):
    """The checkpoint to go on from is missing, damaged or of another run."""


@dataclass(frozen=True)
class Epoch:
    """One line of the training table.

    Losses are mean negative log-likelihoods in nats (in training, what the recipe makes of them),
    accuracies fractions. Training figures are taken while training (dropout on, weights still
    moving); validation figures after the epoch, and None where no validation set was held out.
    Seconds are those of the training, and in the last epoch of making the result, not of judging.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


class TrainingState(Generic[Network]):
    """The network, the moving average of its weights, and the optimizers."""

    def __init__(self, network: Network, recipe: Recipe) -> None:
        self.network = network
        self.recipe = recipe
        self.average = copy.deepcopy(network)
        self._update_average = get_ema_multi_avg_fn(recipe.averaging)
        self._averaged, self._weights = (
            [weight.detach() for weight in each.parameters()] for each in (self.average, network)
        )
        self.optimizers = build_optimizers(network, recipe)

    def step(self, rate: float) -> None:
        """Update the weights, at ``rate`` times the highest learning rate, and their average."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate
            optimizer.step()
            optimizer.zero_grad()
        if self.recipe.averaging:
            self._update_average(self._averaged, self._weights, 0)

    def result(self, digits: Digits) -> Network:
        """The network as trained so far, in evaluation mode.

        Averaged weights get BatchNorm statistics of their own, as in Izmailov et al. 2018
        (https://arxiv.org/abs/1803.05407): those met on the way belong to other weights.
        """
        if not self.recipe.averaging:
            return copy.deepcopy(self.network).eval()
        network = copy.deepcopy(self.average)
        batches = digits.images[:STATISTICS_IMAGES].split(self.recipe.batch_size)
        torch.manual_seed(0)  # of the dropout: the same whether the run was resumed or not
        update_bn(batches, network)
        return network.eval()

    def save(self, path: Path, identity: dict[str, Any], epochs: list[Epoch]) -> None:
        """Replace the checkpoint in one step: an interruption leaves the old one or the new."""
        content = {
            "identity": identity,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "epochs": [asdict(epoch) for epoch in epochs],
        }
        partial = path.with_suffix(".partial")
        torch.save(content, partial)
        partial.replace(path)

    def restore(self, path: Path, identity: dict[str, Any]) -> list[Epoch]:
        """Take up what :meth:`save` wrote; returns the epochs that were finished then.

        Raises:
            ResumeError: there is no such file, it is damaged, or of a run of another identity.
        """
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
        try:
            self.network.load_state_dict(content["network"])
            self.average.load_state_dict(content["average"])
            for optimizer, values in zip(self.optimizers, content["optimizers"], strict=True):
                optimizer.load_state_dict(values)
        except (KeyError, RuntimeError, ValueError) as exc:
            raise ResumeError(f"{path} is of another version of this program") from exc
        return [Epoch(**line) for line in content["epochs"]]
