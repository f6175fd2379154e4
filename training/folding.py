"""The same network and novelty with fewer operations, as they are exported.

BatchNorm, once trained, scales and shifts each channel, which the convolution behind it can do as
well. That is exact where the convolution pads nothing, as one of 1×1, with average pooling between
the two or without. (A 3×3 pads what BatchNorm made with zeros, so it would need another border.)
"""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from training.network import ConvReLUNorm, DigitNetwork
from training.novelty import Novelty

CHANNELS = 32
"""At the end of each block."""


def fold(network: DigitNetwork, novelty: Novelty) -> tuple[DigitNetwork, Novelty]:
    """Copies that answer like the two for evaluation, but for rounding.

    A block ends with its last ReLU then: its BatchNorm is in the 1×1 convolution behind it and in
    the novelty. Where a transition averages behind its convolution, BatchNorm and average are one
    convolution of each channel with itself.
    """
    network = copy.deepcopy(network).eval()
    average = network.pooling == "average"
    scale, shift = torch.ones(3, CHANNELS), torch.zeros(3, CHANNELS)
    with torch.no_grad():
        for index, transition in enumerate((network.transition1, network.transition2)):
            mix = cast(ConvReLUNorm, transition[0 if network.pool_last else 1])
            if average or network.pool_last:
                block = (network.block1, network.block2)[index]
                scale[index], shift[index] = _take_norm(block[-1])
                mix[0] = _behind(scale[index], shift[index], mix[0])
            if average and network.pool_last:
                transition[1] = _averaging(*_take_norm(mix))
        if isinstance(network.pool, nn.Identity):
            scale[2], shift[2] = _take_norm(network.block3[-1])
            network.prediction = _behind(scale[2], shift[2], network.prediction)
    return network, _behind_features(scale.flatten(), shift.flatten(), novelty)


def _take_norm(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Scale and shift of a layer's BatchNorm, which is taken out of it."""
    layer = cast(ConvReLUNorm, layer)
    norm, layer[2] = cast(nn.BatchNorm2d, layer[2]), nn.Identity()
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    return scale, norm.bias - scale * mean


def _behind(scale: Tensor, shift: Tensor, convolution: nn.Module) -> nn.Conv2d:
    """What a 1×1 convolution makes of ``scale * x + shift``, as one of ``x``."""
    weight = cast(nn.Conv2d, convolution).weight
    outputs, inputs = weight.shape[:2]
    folded = nn.Conv2d(inputs, outputs, kernel_size=1)
    folded.weight = nn.Parameter(weight * scale[:, None, None])
    folded.bias = nn.Parameter(weight.flatten(1) @ shift)
    return folded


def _averaging(scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """The mean of each 2×2 of ``scale * x + shift``, as a convolution of ``x``."""
    channels = len(scale)
    folded = nn.Conv2d(channels, channels, kernel_size=2, stride=2, groups=channels)
    folded.weight = nn.Parameter((scale / 4)[:, None, None, None].repeat(1, 1, 2, 2))
    folded.bias = nn.Parameter(shift)
    return folded


def _behind_features(scale: Tensor, shift: Tensor, novelty: Novelty) -> Novelty:
    """The novelty of ``scale * features + shift``, as one of the features."""
    whitening = novelty.whitening.double()
    return Novelty(
        scale.double().unsqueeze(1) * whitening,
        novelty.means.double() - shift.double() @ whitening,
        novelty.precisions,
        novelty.threshold,
    )
