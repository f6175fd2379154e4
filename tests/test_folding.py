"""What is exported answers as the network does, with fewer operations."""

from typing import get_args

import pytest
import torch
from torch import nn

from training.folding import fold
from training.network import DigitNetwork, Pooling, PredictionPool
from training.novelty import Novelty, pooled_features

IMAGES = torch.randint(0, 256, (8, 28, 28), dtype=torch.uint8, generator=torch.manual_seed(1))


def network_in_use(**choices: object) -> DigitNetwork:
    """One whose BatchNorm does something: statistics of images, scales of either sign."""
    torch.manual_seed(0)
    network = DigitNetwork(**choices)  # type: ignore[arg-type]
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-1.5, 1.5)
                module.bias.uniform_(-1, 1)
        for _ in range(20):
            network(IMAGES)
    return network.eval()


def some_novelty() -> Novelty:
    torch.manual_seed(0)
    return Novelty(torch.randn(96, 96), torch.randn(10, 96), torch.eye(96).repeat(10, 1, 1), 2.0)


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("pool_last", [False, True])
@pytest.mark.parametrize("pool_before_prediction", get_args(PredictionPool))
@torch.inference_mode()
def test_folded_answers_are_the_network_s(
    pooling: Pooling, pool_last: bool, pool_before_prediction: PredictionPool
) -> None:
    network = network_in_use(
        pooling=pooling, pool_last=pool_last, pool_before_prediction=pool_before_prediction
    )
    novelty = some_novelty()
    folded, folded_novelty = fold(network, novelty)
    blocks, folded_blocks = network.blocks(IMAGES), folded.blocks(IMAGES)
    torch.testing.assert_close(folded(IMAGES), network(IMAGES), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(
        folded_novelty(pooled_features(folded_blocks)),
        novelty(pooled_features(blocks)),
        atol=1e-4,
        rtol=1e-5,
    )
    assert folded_novelty.threshold == 2.0


@pytest.mark.parametrize(
    ("choices", "left"),
    [
        ({"pooling": "average", "pool_last": True}, 4),
        ({"pooling": "average"}, 6),
        ({"pooling": "max", "pool_last": True}, 6),
        ({"pooling": "max"}, 8),
        ({"pooling": "max", "pool_before_prediction": "2x2"}, 9),
    ],
)
def test_batch_norm_is_folded_where_it_can_be(choices: dict[str, object], left: int) -> None:
    network = network_in_use(**choices)
    folded, _ = fold(network, some_novelty())
    assert norms(folded) == left
    assert norms(network) == 9
