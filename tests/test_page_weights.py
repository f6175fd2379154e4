"""The weights that the page runs: the checkpoint's own, in half of the bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from conftest import REPOSITORY
from fastapi.testclient import TestClient
from safetensors.numpy import load, save

from app.application import create_app
from app.recognizer import Recognizer
from app.routes.page_weights import halve
from app.settings import Settings
from training.checkpoint import load_network
from training.data import load_mnist

URL = "/weights/digits.safetensors"
FILE = REPOSITORY / "weights/digits.safetensors"


def test_weights_are_the_checkpoint_s(client: TestClient) -> None:
    response = client.get(URL)
    assert response.headers["Cache-Control"] == "no-cache"
    served, stored = load(response.content), load(FILE.read_bytes())
    assert set(stored) - set(served) == {n for n in stored if n.endswith("num_batches_tracked")}
    for name, values in served.items():
        exact = stored[name]
        assert values.dtype == (np.float16 if exact.ndim == 4 else np.float32)
        np.testing.assert_array_equal(values, exact.astype(values.dtype))


def test_halves_hardly_move_an_answer(client: TestClient, mnist_root: Path) -> None:
    images = load_mnist(mnist_root).test.images[:2000]
    halved = {
        name: torch.from_numpy(values).float()
        for name, values in load(client.get(URL).content).items()
    }
    network = load_network(FILE.parent)
    with torch.no_grad():
        expected = network(images)
        network.load_state_dict(halved, strict=False)
        log_probabilities = network(images)
    assert (log_probabilities - expected).abs().max() < 0.02
    assert (log_probabilities.argmax(1) == expected.argmax(1)).all()


def test_they_say_how_the_network_pools() -> None:
    notes = {"pooling": "average"}
    stored = save({"a": np.zeros((1, 1, 3, 3), np.float32)}, notes)
    length = int.from_bytes(stored[:8], "little")
    halved = halve(stored)
    header = json.loads(halved[8 : 8 + int.from_bytes(halved[:8], "little")])
    assert header["__metadata__"] == json.loads(stored[8 : 8 + length])["__metadata__"] == notes


def test_weights_are_light(client: TestClient) -> None:
    assert len(client.get(URL).content) < 45_000


def test_known_weights_are_not_sent_again(client: TestClient) -> None:
    tag = client.get(URL).headers["ETag"]
    response = client.get(URL, headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["Cache-Control"] == "no-cache"


def test_service_without_them_says_so(recognizer: Recognizer, tmp_path: Path) -> None:
    for name in ("digits.onnx", "digits.json"):
        shutil.copy(REPOSITORY / "weights" / name, tmp_path)
    with TestClient(create_app(Settings(weights=tmp_path), recognizer)) as client:
        response = client.get(URL)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_other_files_beside_them_stay_inside(client: TestClient) -> None:
    assert client.get("/weights/digits.onnx").status_code == 404


def test_the_image_carries_them() -> None:
    assert "!weights/digits.safetensors" in (REPOSITORY / ".dockerignore").read_text().splitlines()
