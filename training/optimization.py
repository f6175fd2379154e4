"""Optimizers, built from a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import ParamsT

from training.recipes import Recipe


def build_optimizers(network: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The optimizers of the network's parameters; weight decay is for convolutions only.

    Each parameter group keeps its highest learning rate as ``initial_lr``.
    """
    optimizers = _optimizers(network, recipe)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


def _optimizers(network: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    matrices = [p for p in network.parameters() if p.ndim == 4]
    vectors = [p for p in network.parameters() if p.ndim != 4]
    plain: ParamsT = [
        {"params": vectors, "weight_decay": 0.0},
        {"params": matrices, "weight_decay": recipe.weight_decay},
    ]
    if recipe.optimizer == "muon":
        return [
            Muon(matrices, recipe.learning_rate * MUON_RATE, recipe.momentum, recipe.weight_decay),
            torch.optim.SGD(
                vectors, recipe.learning_rate, recipe.momentum, nesterov=recipe.nesterov
            ),
        ]
    return [torch.optim.SGD(plain, recipe.learning_rate, recipe.momentum, nesterov=recipe.nesterov)]


MUON_RATE = 0.1
"""Learning rate of Muon's orthogonal updates, relative to that of SGD."""


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal, for convolutions taken as matrices.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.
    """

    def __init__(
        self, params: ParamsT, lr: float, momentum: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        del closure
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            updates = []
            for parameter in parameters:
                buffer = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                buffer.mul_(momentum).add_(parameter.grad)
                updates.append(parameter.grad.add(buffer, alpha=momentum).flatten(1))
            for parameter, matrix in zip(parameters, orthogonalize(updates), strict=True):
                scale = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
                parameter.mul_(1 - rate * group["weight_decay"])
                parameter.add_(matrix.view_as(parameter), alpha=-rate * scale)


def orthogonalize(matrices: Sequence[Tensor], steps: int = 5) -> list[Tensor]:
    """Nearest orthogonal matrices, nearly: five Newton–Schulz iterations (source: see Muon).

    All at once, padded with zeros to one shape, which changes none of them; one after the other
    takes three times as long.
    """
    tall = [matrix.shape[0] > matrix.shape[1] for matrix in matrices]
    wide = [matrix.T if stands else matrix for matrix, stands in zip(matrices, tall, strict=True)]
    height, width = (max(sizes) for sizes in zip(*(m.shape for m in wide), strict=True))
    x = torch.stack([F.pad(m, (0, width - m.shape[1], 0, height - m.shape[0])) for m in wide])
    x /= x.norm(dim=(1, 2), keepdim=True) + 1e-7
    for _ in range(steps):
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, polynomial, x, beta=3.4445)
    found = [each[: m.shape[0], : m.shape[1]] for each, m in zip(x, wide, strict=True)]
    return [result.T if stands else result for result, stands in zip(found, tall, strict=True)]


@contextmanager
def perturbed(network: nn.Module, radius: float) -> Iterator[None]:
    """Move the weights up the gradient to where the loss around them is greatest, and back after.

    Gradients that are taken there lead to flatter minima. Each weight of a convolution moves in
    proportion to its size, so that the scale of the weights plays no part. Source: adaptive
    sharpness-aware minimization, Kwon et al. 2021 (https://arxiv.org/abs/2102.11600).

    Args:
        network: with its gradients, which are used up: it enters without any.
        radius: length of the step, measured in those proportions.
    """
    found = [(p, p.grad) for p in network.parameters() if p.grad is not None]
    parameters = [parameter for parameter, _ in found]
    with torch.no_grad():
        sizes = [p.abs() if p.ndim == 4 else torch.ones_like(p) for p in parameters]
        scaled = [size * gradient for size, (_, gradient) in zip(sizes, found, strict=True)]
        length = torch.stack([each.square().sum() for each in scaled]).sum().sqrt() + 1e-12
        steps = [s * each * (radius / length) for s, each in zip(sizes, scaled, strict=True)]
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.add_(step)
            parameter.grad = None
    yield
    with torch.no_grad():
        for parameter, step in zip(parameters, steps, strict=True):
            parameter.sub_(step)
