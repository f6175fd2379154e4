"""What a network says of labelled digits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.data import Digits
from training.device import Device

EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class Evaluation:
    """What a network says of labelled digits: ``log_probabilities`` is float32 ``[N, 10]``."""

    log_probabilities: Tensor
    labels: Tensor

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood in nats."""
        return F.nll_loss(self.log_probabilities, self.labels).item()

    @property
    def correct(self) -> int:
        """Number of digits named rightly."""
        return int((self.log_probabilities.argmax(1) == self.labels).sum())

    @property
    def accuracy(self) -> float:
        """Fraction named rightly."""
        return self.correct / len(self.labels)


def evaluate(network: nn.Module, digits: Digits, device: Device) -> Evaluation:
    """Log-probabilities of all digits, in float32, in evaluation mode."""
    training = network.training
    network.eval()
    with torch.inference_mode():
        batches = [
            network(images.to(device.torch_device)).cpu()
            for images in digits.images.split(EVALUATION_BATCH)
        ]
    network.train(training)
    return Evaluation(torch.cat(batches), digits.labels.cpu())
