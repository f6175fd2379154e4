"""What tests share: the committed digits, MNIST where it is at hand, the service in two forms."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from lacking import end_without
from numpy.typing import NDArray
from PIL import Image
from service_process import REPOSITORY, ServiceProcess

from app.application import create_app
from app.picture.ink import Ink
from app.recognizer import Recognizer
from app.settings import Settings

if TYPE_CHECKING:
    from training.data import Digits

DIGITS = sorted((REPOSITORY / "tests/digits").glob("*.png"))
"""Forty digits of MNIST's test set; the name is the label and the index."""


def label_of(path: Path) -> int:
    return int(path.name[0])


def pixels_of(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path))


def ink_of(mask: NDArray[np.bool_], faint: NDArray[np.bool_] | None = None) -> Ink:
    """Full ink where a mask is set; faint there, or elsewhere too."""
    return Ink(mask.astype(np.float32), mask, mask if faint is None else faint, "dark_on_light")


@pytest.fixture(scope="session")
def digits() -> Digits:
    """The forty digits, as training takes them."""
    import torch  # most tests need not wait for it

    from training.data import Digits

    images = torch.from_numpy(np.stack([pixels_of(path) for path in DIGITS]))
    return Digits(images, torch.tensor([label_of(path) for path in DIGITS]))


def idx(images: NDArray[np.uint8], count: int | None = None) -> bytes:
    """An IDX file like MNIST's, whose header may promise another count."""
    header = struct.pack(">4B3I", 0, 0, 8, 3, count or len(images), *images.shape[1:])
    return header + images.tobytes()


def npy(array: NDArray[Any], **options: Any) -> bytes:
    """A file as ``numpy.save`` writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


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
        end_without(f"MNIST in {root}; set MNIST_ROOT")
    return root


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """Address of one running service for all tests that only ask it."""
    with ServiceProcess() as service:
        yield service.url
