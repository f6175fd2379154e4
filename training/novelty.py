"""How far an image is from every digit that the network knows.

The mean of each channel of the three blocks, 96 numbers an image, is modelled by a normal
distribution for every digit (after Lee et al. 2018, https://arxiv.org/abs/1807.03888, but with a
covariance for each digit). Novelty is the root of the least squared Mahalanobis distance per
number: about 1 for a digit, more for a letter, much more for a shoe.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from training.data import Digits, hold_out
from training.forms import draw_forms
from training.network import DigitNetwork

KEPT = 0.99
"""Share of digits, not among those that the distributions were fitted to, that count as digits."""
SHRINKAGE = 0.1
"""Share of the digits' common covariance in each digit's own."""
FORMS, FORMS_SEED = 40, 2026
"""Drawn digits of each form that are fitted beside MNIST's, so that a barred 7 is a digit."""
SMALLEST_VARIANCE = 1e-6
"""Added to every variance, so that a channel that never changes does no harm."""
BATCH = 1000


class Novelty(nn.Module):
    """Novelty of features, float32 ``[N, 96]`` to ``[N]``.

    Args:
        whitening: ``[96, 96]``, after which the digits' common covariance is one.
        means: ``[10, 96]`` of the whitened features, by digit.
        precisions: ``[10, 96, 96]``, inverse covariances, by digit. Kept in half precision: they
            are near the identity.
        threshold: the novelty beyond which an image is no digit.
    """

    whitening: Tensor
    means: Tensor
    precisions: Tensor

    def __init__(
        self, whitening: Tensor, means: Tensor, precisions: Tensor, threshold: float = torch.inf
    ) -> None:
        super().__init__()
        self.register_buffer("whitening", whitening.float())
        self.register_buffer("means", means.float())
        self.register_buffer("precisions", precisions.half())
        self.threshold = threshold

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        differences = features @ self.whitening - self.means.unsqueeze(1)
        squared = (differences @ self.precisions.float() * differences).mean(dim=2)
        return squared.amin(dim=0).clamp(min=0).sqrt()


def pooled_features(blocks: tuple[Tensor, ...]) -> Tensor:
    """The mean of every channel of every block, float32 ``[N, 96]``."""
    return torch.cat([adaptive_avg_pool2d(block.float(), 1).flatten(1) for block in blocks], dim=1)


def fit_novelty(network: DigitNetwork, digits: Digits) -> Novelty:
    """Fit to five sixths of the digits and to drawn forms; the rest sets the threshold."""
    fitted, kept_back = hold_out(digits, len(digits) // 6)
    known = fitted.join(draw_forms(FORMS, FORMS_SEED))
    novelty = _fit(features_of(network, known.images), known.labels)
    novelties = novelty(features_of(network, kept_back.images))
    return Novelty(
        novelty.whitening,
        novelty.means,
        novelty.precisions,
        torch.quantile(novelties, KEPT).item(),
    )


def features_of(network: DigitNetwork, images: Tensor) -> Tensor:
    """Pooled features of images uint8 ``[N, 28, 28]``."""
    with torch.inference_mode():
        return torch.cat([pooled_features(network.blocks(batch)) for batch in images.split(BATCH)])


def _fit(features: Tensor, labels: Tensor) -> Novelty:
    features = features.double()
    own = torch.stack([features[labels == digit].mean(0) for digit in range(10)])
    identity = torch.eye(features.shape[1], dtype=torch.float64)
    common = _covariance(features - own[labels]) + SMALLEST_VARIANCE * identity
    variances, directions = torch.linalg.eigh(common)
    whitening = directions / variances.sqrt()
    whitened, means = features @ whitening, own @ whitening
    covariances = [_covariance(whitened[labels == d] - means[d]) for d in range(10)]
    shrunk = (1 - SHRINKAGE) * torch.stack(covariances) + SHRINKAGE * identity
    return Novelty(whitening, means, torch.linalg.inv(shrunk))


def _covariance(deviations: Tensor) -> Tensor:
    return deviations.T @ deviations / len(deviations)
