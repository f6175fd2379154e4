"""What is kept of a run: settings, surroundings, figures, and the card of the model it made."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
from dataclasses import asdict, fields
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from training.data import FILES
from training.device import Device, hardware
from training.network import MNIST_MEAN, MNIST_STD, DigitNetwork, count_parameters
from training.novelty import KEPT, Novelty
from training.state import Epoch
from training.summary import summarize

PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy")


def environment(device: Device) -> dict[str, Any]:
    """Versions, hardware and the hashes of the source and the data: what a result depends on."""
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "hardware": hardware(device.torch_device),
        "threads": torch.get_num_threads(),
        "arithmetic": "bfloat16" if device.bf16 else "float32",
        "source_sha256": _source_hash(),
        "data_sha256": {name: file.sha256 for name, file in FILES.items()},
    }


def model_card(
    network: DigitNetwork, novelty: Novelty, config: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """What ``weights/digits.json`` and the metadata of ``digits.onnx`` say."""
    return {
        "name": "tinydigits",
        "parameters": count_parameters(network),
        "normalization": {"mean": MNIST_MEAN, "std": MNIST_STD},
        "accuracy": {
            "test": result["accuracy"],
            "correct": result["correct"],
            "images": result["images"],
            "obtained": (
                f"seed {result['seed']}, weights after the last of {result['epochs']} epochs on "
                f"{result['training_images']:,} training images; the test set was read once, after"
            ),
        },
        "calibration": {
            "temperature": config["recipe"]["temperature"],
            "expected_calibration_error": result["calibration_error"],
        },
        "novelty": {"threshold": novelty.threshold, "digits_kept": KEPT},
        "layers": [asdict(layer) for layer in summarize(network)],
        "date": date.today().isoformat(),
        **{key: config[key] for key in ("recipe", "seed", "versions", "hardware", "arithmetic")},
        **{
            key: config[key]
            for key in ("source_sha256", "data_sha256", "teacher_sha256")
            if key in config
        },
    }


def write_metrics(path: Path, lines: list[Epoch]) -> None:
    """The training table as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Epoch)])
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)


def write_json(path: Path, value: object) -> None:
    """A file of JSON for people to read."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _source_hash() -> str:
    """SHA-256 over the files of this package, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
