"""Writes a trained network to ``weights/``: ONNX graph, safetensors and model card."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from training.data import Digits
from training.device import Device
from training.evaluation import evaluate
from training.folding import fold
from training.network import DigitNetwork, log_probabilities
from training.novelty import Novelty, pooled_features

GREATEST_DIFFERENCE = 1e-3
"""Of a log-probability (nats), between the exported graph and the network in torch."""


class ExportError(Exception):
    """The exported graph does not answer as the network does; nothing was written."""


class _Exported(nn.Module):
    """The checkpoint's three outputs."""

    def __init__(self, network: DigitNetwork, novelty: Novelty) -> None:
        super().__init__()
        self.network = network
        self.novelty = novelty

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        blocks = self.network.blocks(images)
        maps = self.network.predict_maps(blocks[-1])
        return log_probabilities(maps), maps, self.novelty(pooled_features(blocks))


def export(
    network: DigitNetwork,
    novelty: Novelty,
    card: dict[str, Any],
    test: Digits,
    device: Device,
    directory: Path,
) -> None:
    """Write ``digits.onnx``, ``digits.safetensors`` and ``digits.json``.

    Args:
        novelty: fitted to the network.
        card: what the model card says; the hashes of the two files are added to it here.
        test: digits on which the graph must agree with the network, uint8 ``[N, 28, 28]``.

    Raises:
        ExportError: a log-probability differs by 1e-3 or more, or a digit changes.
    """
    in_torch = evaluate(network, test, device).log_probabilities
    network = network.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    model = to_onnx(network, novelty)
    for key, value in card.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, json.dumps(value, ensure_ascii=False)
    graph = model.SerializeToString()
    check_agreement(run_onnx(graph, test.images.numpy()), in_torch.numpy())

    directory.mkdir(parents=True, exist_ok=True)
    (directory / "digits.onnx").write_bytes(graph)
    parameters = {name: value.contiguous() for name, value in network.state_dict().items()}
    notes = {"pooling": str(network.pooling), "pool_last": json.dumps(network.pool_last)}
    (directory / "digits.safetensors").write_bytes(safetensors_torch.save(parameters, notes))
    hashes = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in ("digits.onnx", "digits.safetensors")
    }
    text = json.dumps({**card, "sha256": hashes}, indent=2, ensure_ascii=False)
    (directory / "digits.json").write_text(text + "\n", encoding="utf-8")


def to_onnx(network: DigitNetwork, novelty: Novelty) -> onnx.ModelProto:
    """The graph: ``images`` uint8 ``[N, 28, 28]`` to the three outputs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own use of deprecated torch functions
        program = torch.onnx.export(
            _Exported(*fold(network, novelty)).eval(),
            (torch.zeros(2, 28, 28, dtype=torch.uint8),),
            input_names=["images"],
            output_names=["log_probabilities", "class_maps", "novelty"],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        part.ClearField("metadata_props")  # traces of the exporting machine's source files
    onnx.checker.check_model(model, full_check=True)
    return model


def run_onnx(graph: bytes, images: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, Any]:
    """Log-probabilities float32 ``[N, 10]`` of images uint8 ``[N, 28, 28]``, by ONNX Runtime."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batches = np.array_split(images, max(1, len(images) // 500))
    return np.concatenate(
        [np.asarray(session.run(["log_probabilities"], {"images": batch})[0]) for batch in batches]
    )


def check_agreement(graph: np.ndarray[Any, Any], network: np.ndarray[Any, Any]) -> float:
    """Greatest difference of two ``[N, 10]`` arrays; :class:`ExportError` if too great."""
    difference = float(np.abs(graph - network).max())
    changed = int((graph.argmax(1) != network.argmax(1)).sum())
    if difference >= GREATEST_DIFFERENCE or changed:
        raise ExportError(
            f"the exported graph differs from the network by up to {difference:.2g} nats "
            f"(allowed: below {GREATEST_DIFFERENCE:g}) and names {changed} digits otherwise"
        )
    return difference
