"""What the peers on PyTorch share, as most services run a network: the same one and its weights."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from training.checkpoint import load_network  # noqa: E402
from training.network import DigitNetwork  # noqa: E402


def load() -> DigitNetwork:
    """The network of ``weights/``, in evaluation mode, on one thread as it has one core."""
    torch.set_num_threads(1)
    return load_network(REPOSITORY / "weights")


def to_tensor(image: Image.Image) -> torch.Tensor:
    """A picture as the network's input, uint8 ``[28, 28]``."""
    return torch.from_numpy(np.array(image.convert("L").resize((28, 28))))


def to_answer(log_probabilities: torch.Tensor) -> dict[str, object]:
    """The answer for log-probabilities ``[10]``."""
    digit = int(log_probabilities.argmax())
    return {
        "digit": digit,
        "confidence": float(log_probabilities[digit].exp()),
        "log_probabilities": log_probabilities.tolist(),
    }
