"""Is a confidence of 90 % right in nine of ten cases?"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from training.evaluation import Evaluation
from training.network import DigitNetwork

BINS = 15
LOWEST, HIGHEST, STEPS = 0.5, 2.0, 301


def calibrate(network: DigitNetwork, temperature: float) -> None:
    """Divide the network's logits by the temperature: the last layer is linear, without bias."""
    with torch.no_grad():
        network.prediction.weight /= temperature


def calibration_error(evaluation: Evaluation, temperature: float = 1.0) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy, 0..1.

    Over 15 bins of equal width (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    Args:
        temperature: by which the log-probabilities are divided first.
    """
    scaled = torch.log_softmax(evaluation.log_probabilities / temperature, dim=1)
    confidence, named = scaled.exp().max(dim=1)
    right = (named == evaluation.labels).double()
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    gaps = torch.zeros(BINS, dtype=torch.float64).index_add(0, bins, confidence.double() - right)
    return gaps.abs().sum().item() / len(right)


def fit_temperature(evaluation: Evaluation) -> float:
    """The temperature of least loss (Guo et al. 2017), to the third digit."""
    temperatures = torch.linspace(LOWEST, HIGHEST, STEPS)
    losses = torch.stack(
        [
            F.nll_loss(torch.log_softmax(evaluation.log_probabilities / t, 1), evaluation.labels)
            for t in temperatures
        ]
    )
    return round(temperatures[losses.argmin()].item(), 3)
