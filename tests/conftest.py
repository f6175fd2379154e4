"""What tests share: the committed digits, MNIST where it is at hand, the service in two forms."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

from app.application import create_app
from app.recognizer import Recognizer
from app.settings import Settings

REPOSITORY = Path(__file__).parent.parent
DIGITS = sorted((REPOSITORY / "tests/digits").glob("*.png"))
"""Forty digits of MNIST's test set; the name is the label and the index."""


def label_of(path: Path) -> int:
    return int(path.name[0])


def pixels_of(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    return Recognizer.load(REPOSITORY / "weights")


@pytest.fixture
def client(recognizer: Recognizer) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(), recognizer)) as client:
        yield client


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """Directory of MNIST; without it the test is skipped, but fails in CI."""
    root = Path(os.environ.get("MNIST_ROOT", REPOSITORY / "data"))
    if not (root / "MNIST/raw").is_dir():
        message = f"needs MNIST in {root}; set MNIST_ROOT"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return root


@contextmanager
def running_service(**environment: str) -> Iterator[str]:
    """The service as a process of its own on a free port; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "app"],
        cwd=REPOSITORY,
        env=os.environ | {"PORT": str(port)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until(lambda: process.poll() is None and _answers(f"{url}/health/ready"))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """Address of one running service for all tests that only ask it."""
    with running_service() as url:
        yield url


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the service did not become ready"
        time.sleep(0.05)
