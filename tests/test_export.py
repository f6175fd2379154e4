import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from conftest import REPOSITORY

from app.recognizer import Recognizer
from training.checkpoint import load_network
from training.data import Digits, load_mnist
from training.device import choose_device
from training.evaluation import evaluate
from training.export import ExportError, check_agreement, export, run_onnx
from training.network import DigitNetwork, Pooling
from training.novelty import Novelty

CARD = {
    "parameters": 18_520,
    "normalization": {"mean": 0.1307, "std": 0.3081},
    "accuracy": {"test": 0.1, "correct": 4, "images": 40, "obtained": "untrained"},
    "layers": [],
    "calibration": {"temperature": 1.0, "expected_calibration_error": 0.0},
    "novelty": {"threshold": 2.0, "digits_kept": 0.99},
}
NOVELTY = Novelty(torch.eye(96), torch.zeros(10, 96), torch.eye(96).repeat(10, 1, 1), 2.0)


@pytest.fixture
def network() -> DigitNetwork:
    torch.manual_seed(0)
    return DigitNetwork().eval()


def test_exported_graph_answers_like_the_network(
    network: DigitNetwork, digits: Digits, tmp_path: Path
) -> None:
    device = choose_device("cpu", threads=1)
    export(network, NOVELTY, CARD, digits, device, tmp_path)
    expected = evaluate(network, digits, device).log_probabilities.numpy()
    answer = Recognizer.load(tmp_path).log_probabilities(digits.images.numpy())
    assert np.abs(answer - expected).max() < 1e-4


@pytest.mark.parametrize(("pooling", "pool_last"), [("max", False), ("average", True)])
def test_exported_network_is_loaded_as_it_was_built(
    digits: Digits, tmp_path: Path, pooling: Pooling, pool_last: bool
) -> None:
    torch.manual_seed(0)
    network = DigitNetwork(pooling=pooling, pool_last=pool_last).eval()
    export(network, NOVELTY, CARD, digits, choose_device("cpu", threads=1), tmp_path)
    loaded = load_network(tmp_path)
    assert (loaded.pooling, loaded.pool_last) == (pooling, pool_last)
    assert torch.equal(loaded(digits.images), network(digits.images))


def test_network_from_before_there_was_a_choice_takes_the_greatest_of_four() -> None:
    old = load_network(REPOSITORY / "docs/records/2026-11-22-reference/seed-0")
    assert (old.pooling, old.pool_last) == ("max", False)


def test_card_states_the_hashes(network: DigitNetwork, digits: Digits, tmp_path: Path) -> None:
    export(network, NOVELTY, CARD, digits, choose_device("cpu", threads=1), tmp_path)
    card = json.loads((tmp_path / "digits.json").read_text())
    for name in ("digits.onnx", "digits.safetensors"):
        assert card["sha256"][name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert {key: card[key] for key in CARD} == CARD


def test_graph_that_differs_is_refused() -> None:
    right = np.log(np.full((3, 10), 0.1))
    with pytest.raises(ExportError, match=r"by up to 0\.002 nats"):
        check_agreement(right + 0.002, right)


def test_graph_that_names_another_digit_is_refused() -> None:
    right, other = np.zeros((1, 10)), np.zeros((1, 10))
    right[0, 3], other[0, 4] = 1e-5, 1e-5
    with pytest.raises(ExportError, match="names 1 digits otherwise"):
        check_agreement(other, right)


def test_shipped_graph_holds_no_trace_of_the_machine_that_made_it() -> None:
    model = onnx.load(REPOSITORY / "weights/digits.onnx")
    assert not any(node.metadata_props for node in model.graph.node)
    assert b"site-packages" not in (REPOSITORY / "weights/digits.onnx").read_bytes()


def test_shipped_files_hold_the_same_weights(mnist_root: Path) -> None:
    network = load_network(REPOSITORY / "weights")
    test = load_mnist(mnist_root).test
    in_torch = evaluate(network, test, choose_device("cpu", "float32", threads=1))
    graph = (REPOSITORY / "weights/digits.onnx").read_bytes()
    check_agreement(run_onnx(graph, test.images.numpy()), in_torch.log_probabilities.numpy())
    card = json.loads((REPOSITORY / "weights/digits.json").read_text())
    assert in_torch.correct == card["accuracy"]["correct"]
