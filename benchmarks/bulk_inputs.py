"""Inputs for the benchmark of bulk scoring, made of the forty committed digits."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from contestants import DIGITS
from PIL import Image, ImageOps


def write_idx(path: Path, images: int) -> None:
    """The forty digits again and again; written piece by piece, as it may be larger than memory."""
    block = np.tile(np.stack([np.asarray(Image.open(each)) for each in DIGITS]), (250, 1, 1))
    with path.open("wb") as file:
        file.write(bytes([0, 0, 8, 3]) + np.array([images, 28, 28], ">u4").tobytes())
        for start in range(0, images, len(block)):
            file.write(block[: images - start].tobytes())


def cells() -> list[bytes]:
    """The digits as cells of a scanned form: dark on light, 200 × 200, JPEG."""
    files = []
    for path in DIGITS:
        buffer = io.BytesIO()
        ImageOps.invert(Image.open(path)).resize((200, 200)).save(buffer, "JPEG")
        files.append(buffer.getvalue())
    return files


def write_folder(path: Path, images: int, files: list[bytes]) -> None:
    """Files again and again."""
    path.mkdir()
    for number in range(images):
        (path / f"{number:08}.png").write_bytes(files[number % len(files)])
