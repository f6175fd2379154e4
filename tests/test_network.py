import pytest
import torch

from training.network import (
    DigitNetwork,
    Dropout,
    PredictionPool,
    count_parameters,
    log_probabilities,
)
from training.summary import format_table, summarize

# The design's table: channels × height × width, parameters, receptive field.
DESIGN = [
    ((1, 28, 28), 0, 1),
    ((8, 28, 28), 72 + 16, 3),
    ((16, 28, 28), 1152 + 32, 5),
    ((32, 28, 28), 4608 + 64, 7),
    ((8, 14, 14), 256 + 16, 8),
    ((16, 14, 14), 1152 + 32, 12),
    ((32, 14, 14), 4608 + 64, 16),
    ((8, 7, 7), 256 + 16, 18),
    ((16, 7, 7), 1152 + 32, 26),
    ((32, 7, 7), 4608 + 64, 34),
    ((10, 7, 7), 320, 34),
    ((10,), 0, 28),
]


@pytest.fixture
def network() -> DigitNetwork:
    torch.manual_seed(0)
    return DigitNetwork().eval()


def test_has_18520_parameters(network: DigitNetwork) -> None:
    assert count_parameters(network) == 18_520


def test_layers_are_those_of_the_design(network: DigitNetwork) -> None:
    layers = summarize(network)
    assert [(x.output_shape, x.parameters, x.receptive_field) for x in layers] == DESIGN


def test_transitions_may_take_the_mean_of_four() -> None:
    layers = summarize(DigitNetwork(pooling="average"))
    assert [(x.output_shape, x.parameters, x.receptive_field) for x in layers] == DESIGN
    assert layers[4].description == "average pool 2×2, conv 1×1, ReLU, BatchNorm, dropout 0.01"
    four = torch.arange(16.0).reshape(1, 1, 4, 4)
    pool = DigitNetwork(pooling="average").transition1[0]
    assert pool(four).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert DigitNetwork().transition1[0](four).flatten().tolist() == [5, 7, 13, 15]


def test_transitions_may_pool_behind_their_convolution() -> None:
    layers = summarize(DigitNetwork(pooling="average", pool_last=True))
    assert [(x.output_shape, x.parameters, x.receptive_field) for x in layers] == DESIGN
    assert layers[4].description == "conv 1×1, ReLU, BatchNorm, average pool 2×2, dropout 0.01"


@pytest.mark.parametrize(("pool", "side", "sees"), [("2x2", 3, 38), ("3x3", 7, 42)])
def test_pool_before_prediction_adds_no_parameters(
    pool: PredictionPool, side: int, sees: int
) -> None:
    layers = summarize(DigitNetwork(pool_before_prediction=pool))
    pooled = [((32, side, side), 0, sees), ((10, side, side), 320, sees)]
    assert [(x.output_shape, x.parameters, x.receptive_field) for x in layers] == [
        *DESIGN[:-2],
        *pooled,
        DESIGN[-1],
    ]


def test_summary_states_the_sum_of_the_parameters(network: DigitNetwork) -> None:
    assert format_table(summarize(network)).splitlines()[-1].split()[-1] == "18,520"


def test_probabilities_sum_to_one(network: DigitNetwork) -> None:
    images = torch.randint(0, 256, (5, 28, 28), dtype=torch.uint8)
    output = network(images)
    assert output.shape == (5, 10)
    assert torch.allclose(output.exp().sum(1), torch.ones(5))


def test_class_maps_average_to_the_logits(network: DigitNetwork) -> None:
    images = torch.randint(0, 256, (2, 28, 28), dtype=torch.uint8)
    maps = network.class_maps(images)
    assert maps.shape == (2, 10, 7, 7)
    assert torch.allclose(network(images), log_probabilities(maps))
    assert torch.allclose(network(images), torch.log_softmax(maps.mean((2, 3)), 1))


def test_normalization_is_part_of_the_network(network: DigitNetwork) -> None:
    paper = network.normalize(torch.zeros(1, 28, 28, dtype=torch.uint8))
    ink = network.normalize(torch.full((1, 28, 28), 255, dtype=torch.uint8))
    assert paper[0, 0, 0, 0].item() == pytest.approx(-0.1307 / 0.3081)
    assert ink[0, 0, 0, 0].item() == pytest.approx((1 - 0.1307) / 0.3081)


def test_only_convolutions_and_batch_norms_have_parameters(network: DigitNetwork) -> None:
    assert {name.rsplit(".", 1)[-1] for name, _ in network.named_parameters()} == {"weight", "bias"}
    biased = [
        module
        for module in network.modules()
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None
    ]
    assert biased == []


@pytest.mark.parametrize("p", [0.01, 0.25])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dropout_drops_its_share_and_scales_the_rest(
    p: float, memory_format: torch.memory_format
) -> None:
    torch.manual_seed(0)
    ones = torch.ones(64, 8, 28, 28).to(memory_format=memory_format).requires_grad_()
    dropped = Dropout(p)(ones)
    assert dropped.unique().tolist() == [0.0, pytest.approx(1 / (1 - p))]
    assert (dropped == 0).float().mean().item() == pytest.approx(p, rel=0.03)
    dropped.sum().backward()
    assert torch.equal(ones.grad, dropped)


def test_dropout_drops_each_activation_by_itself() -> None:
    torch.manual_seed(0)
    dropped = torch.stack([Dropout(0.25)(torch.ones(4)) for _ in range(20_000)]) == 0
    share = dropped.float().mean(0)
    together = dropped.float().T @ dropped.float() / len(dropped)
    assert torch.allclose(share, torch.full((4,), 0.25), atol=0.015)
    assert together[0, 1].item() == pytest.approx(0.0625, abs=0.01)
    assert dropped.sum(1).float().var().item() == pytest.approx(4 * 0.25 * 0.75, rel=0.05)


def test_dropout_leaves_a_trained_network_alone() -> None:
    activations = torch.randn(2, 8, 7, 7)
    assert torch.equal(Dropout(0.25).eval()(activations), activations)
    assert torch.equal(Dropout(0.0)(activations), activations)


def test_dropout_of_everything_leaves_nothing() -> None:
    assert not Dropout(1.0)(torch.ones(2, 8)).any()
