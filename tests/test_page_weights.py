"""The weights that the page runs: the checkpoint's own file, cached with a check."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import REPOSITORY
from fastapi.testclient import TestClient

from app.application import create_app
from app.recognizer import Recognizer
from app.settings import Settings

URL = "/weights/digits.safetensors"
FILE = REPOSITORY / "weights/digits.safetensors"


def test_weights_are_the_checkpoint_s(client: TestClient) -> None:
    response = client.get(URL)
    assert response.content == FILE.read_bytes()
    assert response.headers["Cache-Control"] == "no-cache"


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
