"""The network of a directory's ``digits.safetensors``, as ``training/export.py`` writes it."""

from __future__ import annotations

from pathlib import Path

from safetensors import safe_open

from training.network import DigitNetwork


def load_network(directory: Path) -> DigitNetwork:
    """The network with its parameters, in evaluation mode.

    What the file does not say of it is as it was before there was a choice.
    """
    with safe_open(directory / "digits.safetensors", "pt") as file:
        notes = file.metadata() or {}
        network = DigitNetwork(
            pooling=notes.get("pooling", "max"), pool_last=notes.get("pool_last") == "true"
        )
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return network.eval()
