"""The network as a table: output shape, parameters and receptive field of every layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.network import ConvReLUNorm, DigitNetwork, Transition, count_parameters


@dataclass(frozen=True)
class Layer:
    """One row.

    Attributes:
        name: where the layer is in the network, such as ``block1.0``.
        description: what it does, in order.
        output_shape: channels, height, width.
        parameters: trainable ones.
        receptive_field: side, in pixels, of the square of the input that one output value sees.
    """

    name: str
    description: str
    output_shape: tuple[int, ...]
    parameters: int
    receptive_field: int


def summarize(network: DigitNetwork) -> list[Layer]:
    """The layers from the pixels to the log-probabilities."""
    rows = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, (ConvReLUNorm, Transition, nn.MaxPool2d, nn.AvgPool2d))
        or module is network.prediction
    ]
    rows = [(name, m) for name, m in rows if not name.startswith("transition") or "." not in name]
    shapes = _output_shapes(network, [module for _, module in rows])

    layers = [
        Layer(
            "normalize",
            f"(pixels / 255 − {network.mean:.4f}) / {network.std:.4f}",
            (1, 28, 28),
            0,
            1,
        )
    ]
    receptive_field, jump = 1, 1  # jump: distance in input pixels of neighbouring values
    for (name, module), shape in zip(rows, shapes, strict=True):
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
                receptive_field += (_side(part.kernel_size) - 1) * jump
                jump *= _side(part.stride)
        layers.append(
            Layer(name, _describe(module), shape, count_parameters(module), receptive_field)
        )
    layers.append(Layer("log_probabilities", "global average pooling, log-softmax", (10,), 0, 28))
    return layers


def format_table(layers: list[Layer]) -> str:
    """The table as plain text, with the sum of the parameters."""
    lines = [f"{'layer':<20}{'output':>11}{'params':>9}{'sees':>9}   what it does"]
    for layer in layers:
        shape = "×".join(str(side) for side in layer.output_shape)
        sees = f"{layer.receptive_field}×{layer.receptive_field}"
        lines.append(
            f"{layer.name:<20}{shape:>11}{layer.parameters:>9,}{sees:>9}   {layer.description}"
        )
    lines.append(f"{'trainable parameters':<31}{sum(layer.parameters for layer in layers):>9,}")
    return "\n".join(lines)


def _output_shapes(network: nn.Module, modules: list[nn.Module]) -> list[tuple[int, ...]]:
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def note(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        shapes[module] = tuple(output.shape[1:])

    hooks = [module.register_forward_hook(note) for module in modules]
    training = network.training
    with torch.inference_mode():
        network.eval()(torch.zeros(1, 28, 28, device=next(network.parameters()).device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return [shapes[module] for module in modules]


def _describe(module: nn.Module) -> str:
    words = {nn.ReLU: "ReLU", nn.BatchNorm2d: "BatchNorm"}
    parts = []
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            side = _side(part.kernel_size)
            parts.append(f"conv {side}×{side}")
        elif isinstance(part, nn.MaxPool2d):
            side = _side(part.kernel_size)
            slides = ", stride 1" if _side(part.stride) == 1 else ""
            parts.append(f"max-pool {side}×{side}{slides}")
        elif isinstance(part, nn.AvgPool2d):
            side = _side(part.kernel_size)
            parts.append(f"average pool {side}×{side}")
        elif isinstance(part, nn.Dropout):
            parts.append(f"dropout {part.p:g}")
        elif type(part) in words:
            parts.append(words[type(part)])
    return ", ".join(parts)


def _side(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else size[0]
