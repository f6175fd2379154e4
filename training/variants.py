"""Networks that differ from ours in one decision, to measure what each decision is worth.

With its defaults a variant is :class:`training.network.DigitNetwork`, weight for weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from training.network import MNIST_MEAN, MNIST_STD

CLASSES = 10


@dataclass(frozen=True)
class Variant:
    """The decisions.

    Attributes:
        blocks: channels of the 3×3 convolutions of each block.
        transition: channels that the 1×1 convolution between blocks leaves; 0 for none.
        pools: the convolutions, counted from 1, behind which a max-pool 2×2 stands.
        norm: BatchNorm after or before ReLU, or none.
        norm_before_prediction: BatchNorm behind the last convolution too, as behind all others.
        dropout: probability.
        dropout_after: where it is: after each transition (after each block but the last, where
            there is none), or after every convolution but the last.
        normalize: whether mean and standard deviation of the pixels are taken out.
        head: global average pooling, or a fully connected layer in place of the last 1×1
            convolution.
    """

    blocks: tuple[tuple[int, ...], ...] = ((8, 16, 32), (16, 32), (16, 32))
    transition: int = 8
    pools: tuple[int, ...] = (3, 5)
    norm: Literal["after", "before", "none"] = "after"
    norm_before_prediction: bool = False
    dropout: float = 0.01
    dropout_after: Literal["transitions", "convolutions"] = "transitions"
    normalize: bool = True
    head: Literal["gap", "linear"] = "gap"

    def build(self) -> VariantNetwork:
        """The network, freshly initialised."""
        return VariantNetwork(self)


class VariantNetwork(nn.Module):
    """Log-probabilities float32 ``[N, 10]`` of images ``[N, 28, 28]``, as a variant has it.

    Attributes:
        receptive_field: side, in pixels, of what a value of the last layer sees.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant
        layers: list[nn.Module] = []
        channels, side, number = 1, 28, 0
        self.receptive_field, jump = 1, 1
        for index, block in enumerate(variant.blocks):
            for outputs in block:
                number += 1
                layers += self._convolution(channels, outputs, 3)
                channels = outputs
                self.receptive_field += 2 * jump
                if number in variant.pools:
                    layers.append(nn.MaxPool2d(2))
                    side //= 2
                    self.receptive_field += jump
                    jump *= 2
            if index == len(variant.blocks) - 1:
                break  # no transition behind the last block
            if variant.transition:
                layers += self._convolution(channels, variant.transition, 1)
                channels = variant.transition
            if variant.dropout_after == "transitions":
                layers.append(nn.Dropout(variant.dropout))
        if variant.head == "gap":
            layers.append(nn.Conv2d(channels, CLASSES, 1, bias=False))
            if variant.norm_before_prediction:
                layers.append(nn.BatchNorm2d(CLASSES))
        else:
            layers += [nn.Flatten(), nn.Linear(channels * side * side, CLASSES)]
        self.layers = nn.Sequential(*layers)

    def _convolution(self, inputs: int, outputs: int, kernel_size: int) -> list[nn.Module]:
        variant = self.variant
        convolution = nn.Conv2d(
            inputs, outputs, kernel_size, padding=kernel_size // 2, bias=variant.norm == "none"
        )
        rest: dict[str, Callable[[], list[nn.Module]]] = {
            "after": lambda: [nn.ReLU(), nn.BatchNorm2d(outputs)],
            "before": lambda: [nn.BatchNorm2d(outputs), nn.ReLU()],
            "none": lambda: [nn.ReLU()],
        }
        layers = [convolution, *rest[variant.norm]()]
        if variant.dropout_after == "convolutions":
            layers.append(nn.Dropout(variant.dropout))
        return layers

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        x = images.unsqueeze(1).float() / 255
        if self.variant.normalize:
            x = (x - MNIST_MEAN) / MNIST_STD
        x = self.layers(x)
        if self.variant.head == "gap":
            x = x.mean(dim=(2, 3))
        return torch.log_softmax(x.float(), dim=1)
