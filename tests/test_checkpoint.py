"""The service starts on its checkpoint and on no other."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from conftest import REPOSITORY

from app.checkpoint import CheckpointError
from app.recognizer import Recognizer


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY / "weights", tmp_path / "weights"))


def replace_graph(weights: Path, graph: bytes) -> None:
    """Another graph, with a card that states its hash."""
    (weights / "digits.onnx").write_bytes(graph)
    card = json.loads((weights / "digits.json").read_text())
    card["sha256"]["digits.onnx"] = hashlib.sha256(graph).hexdigest()
    (weights / "digits.json").write_text(json.dumps(card))


@pytest.mark.parametrize("name", ["digits.onnx", "digits.json"])
def test_missing_file(weights: Path, name: str) -> None:
    (weights / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        Recognizer.load(weights)


def test_directory_in_place_of_a_file(weights: Path) -> None:
    (weights / "digits.onnx").unlink()
    (weights / "digits.onnx").mkdir()
    with pytest.raises(CheckpointError, match=r"digits\.onnx can't be read: Is a directory"):
        Recognizer.load(weights)


def test_one_changed_byte(weights: Path) -> None:
    graph = bytearray((weights / "digits.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (weights / "digits.onnx").write_bytes(graph)
    with pytest.raises(CheckpointError, match=r"digits\.onnx is damaged or not the file"):
        Recognizer.load(weights)


@pytest.mark.parametrize("card", ["", "{", "[]", '{"sha256": {}}', '{"sha256": "x"}'])
def test_card_that_is_none(weights: Path, card: str) -> None:
    (weights / "digits.json").write_text(card)
    with pytest.raises(CheckpointError, match=r"digits\.json is not a model card"):
        Recognizer.load(weights)


def test_file_that_is_no_graph(weights: Path) -> None:
    replace_graph(weights, b"no graph")
    with pytest.raises(CheckpointError, match=r"digits\.onnx can't be loaded"):
        Recognizer.load(weights)


def test_graph_of_another_network(weights: Path) -> None:
    value = onnx.helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["N", 3])
    result = onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["N", 3])
    node = onnx.helper.make_node("Relu", ["images"], ["scores"])
    graph = onnx.helper.make_graph([node], "other", [value], [result])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)])
    model.ir_version = 10
    replace_graph(weights, model.SerializeToString())
    with pytest.raises(CheckpointError, match="is not a digit network: its inputs are"):
        Recognizer.load(weights)


@pytest.mark.parametrize(
    ("key", "value"), [("parameters", 99), ("novelty", {"threshold": 9.0, "digits_kept": 1.0})]
)
def test_card_of_another_checkpoint(weights: Path, key: str, value: object) -> None:
    card = json.loads((weights / "digits.json").read_text())
    card[key] = value
    (weights / "digits.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match=f"disagree about {key}"):
        Recognizer.load(weights)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_start_fails_with_one_clear_line(tmp_path: Path, workers: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "app", "--weights", str(tmp_path), "--workers", workers],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.startswith(f"error: {tmp_path}/digits.onnx is missing.")
    assert process.stderr.count("\n") == 1
