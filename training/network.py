"""The network: 18,520 parameters, from pixels to log-probabilities. Imports torch only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Pooling = Literal["max", "average"]
PredictionPool = Literal["none", "2x2", "3x3"]

_HALVING: dict[Pooling, Callable[[int], nn.Module]] = {
    "max": nn.MaxPool2d,
    "average": nn.AvgPool2d,
}
_POOLS: dict[PredictionPool, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "2x2": lambda: nn.MaxPool2d(2),
    "3x3": lambda: nn.MaxPool2d(3, stride=1, padding=1),
}

MNIST_MEAN = 0.1307
"""Mean of the 60,000 training images, pixels scaled to 0..1."""
MNIST_STD = 0.3081
"""Standard deviation of the same pixels."""
PARAMETERS = 18_520
"""Trainable parameters of the network, checked when training starts."""


class ConvReLUNorm(nn.Sequential):
    """Convolution without bias, ReLU, BatchNorm: the order in which they follow each other."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2, bias=False),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(outputs),
        )


class Dropout(nn.Dropout):
    """``nn.Dropout`` that draws the places of the few it drops, not a number for each activation.

    For one in a hundred that takes a fifteenth of the time. How many places are drawn (some of them
    twice) is random as Poisson's distribution has it, with mean -n ln(1 - p): so every activation
    is dropped with probability p, whatever becomes of the others.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Activations of any shape; while training, those that are kept are divided by 1 - p."""
        if not (self.training and 0 < self.p < 1):
            return super().forward(x)
        drawn = torch.tensor(-x.numel() * math.log1p(-self.p), dtype=torch.float64)
        places = torch.randint(x.numel(), (int(torch.poisson(drawn)),), device=x.device)
        mask = torch.full_like(x, 1 / (1 - self.p))
        mask.as_strided((x.numel(),), (1,)).index_fill_(0, places, 0)
        return x * mask


class Transition(nn.Sequential):
    """Halves height and width, and mixes the channels down with a 1×1 convolution.

    The pool stands first, or behind the convolution as DenseNet's (Huang et al. 2017,
    https://arxiv.org/abs/1608.06993).
    """

    def __init__(
        self, inputs: int, outputs: int, dropout: float, pooling: Pooling, *, pool_last: bool
    ) -> None:
        parts = [_HALVING[pooling](2), ConvReLUNorm(inputs, outputs, kernel_size=1)]
        super().__init__(*(reversed(parts) if pool_last else parts), Dropout(dropout))


class DigitNetwork(nn.Module):
    """Log-probabilities of the ten digits for images of 28×28 pixels.

    Normalization is part of ``forward``: whoever holds the network cannot normalize differently.
    Global average pooling is linear, so the ten class maps that it averages are the exact class
    activation maps (Zhou et al. 2016, https://arxiv.org/abs/1512.04150).

    Args:
        dropout: probability with which each transition drops an activation while training.
        pool_before_prediction: a max-pool before the prediction; ``2x2`` halves the class maps.
        pooling: what a transition makes of 2×2 values, the greatest or the mean.
        pool_last: whether a transition pools behind its 1×1 convolution, not before.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        dropout: float = 0.01,
        pool_before_prediction: PredictionPool = "none",
        pooling: Pooling = "max",
        pool_last: bool = False,
    ) -> None:
        super().__init__()
        self.pooling: Pooling = pooling
        self.pool_last = pool_last
        self.register_buffer("mean", torch.tensor(MNIST_MEAN))
        self.register_buffer("std", torch.tensor(MNIST_STD))
        self.block1 = nn.Sequential(
            ConvReLUNorm(1, 8, kernel_size=3),
            ConvReLUNorm(8, 16, kernel_size=3),
            ConvReLUNorm(16, 32, kernel_size=3),
        )
        self.transition1 = Transition(32, 8, dropout, pooling, pool_last=pool_last)
        self.block2 = nn.Sequential(
            ConvReLUNorm(8, 16, kernel_size=3),
            ConvReLUNorm(16, 32, kernel_size=3),
        )
        self.transition2 = Transition(32, 8, dropout, pooling, pool_last=pool_last)
        self.block3 = nn.Sequential(
            ConvReLUNorm(8, 16, kernel_size=3),
            ConvReLUNorm(16, 32, kernel_size=3),
        )
        self.pool = _POOLS[pool_before_prediction]()
        self.prediction = nn.Conv2d(32, 10, kernel_size=1, bias=False)

    def normalize(self, images: Tensor) -> Tensor:
        """Pixels ``[N, 28, 28]`` of 0..255 (uint8 or float) to float32 ``[N, 1, 28, 28]``."""
        return (images.unsqueeze(1).float() - 255 * self.mean) / (255 * self.std)

    def blocks(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the three blocks make: ``[N, 32, S, S]`` with sides 28, 14 and 7."""
        first = self.block1(self.normalize(images))
        second = self.block2(self.transition1(first))
        return first, second, self.block3(self.transition2(second))

    def class_maps(self, images: Tensor) -> Tensor:
        """The evidence for each digit at each place, float32 ``[N, 10, 7, 7]``."""
        return self.predict_maps(self.blocks(images)[-1])

    def predict_maps(self, features: Tensor) -> Tensor:
        """The class maps of what the last block made."""
        maps: Tensor = self.prediction(self.pool(features))
        return maps.float()

    def forward(self, images: Tensor) -> Tensor:
        """Log-probabilities, float32 ``[N, 10]``, of images ``[N, 28, 28]``, bright ink on dark."""
        return log_probabilities(self.class_maps(images))


def log_probabilities(class_maps: Tensor) -> Tensor:
    """Global average pooling and log-softmax: ``[N, 10, H, W]`` to ``[N, 10]``."""
    return torch.log_softmax(class_maps.mean(dim=(2, 3)), dim=1)


def count_parameters(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
