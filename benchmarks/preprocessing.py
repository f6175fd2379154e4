"""How long decoding and preprocessing take on one core, by kind of picture.

::

    OPENBLAS_NUM_THREADS=1 python benchmarks/preprocessing.py
"""

from __future__ import annotations

import io
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from app.decoding import decode_image
from app.preprocessing import prepare
from app.server.memory import give_back_large_blocks

MAX_PIXELS = 50_000_000
SECONDS = 1.5
"""Spent on each kind."""


def canvas(size: int) -> Image.Image:
    """A 3, dark on white, as a page's canvas exports it."""
    image = Image.new("RGB", (size, size), "white")
    draw = ImageDraw.Draw(image)
    points = [(0.3, 0.2), (0.6, 0.2), (0.45, 0.45), (0.65, 0.65), (0.5, 0.85), (0.3, 0.75)]
    draw.line([(x * size, y * size) for x, y in points], "black", size // 15, joint="curve")
    return image


def photo(width: int, height: int) -> Image.Image:
    """A pen stroke on grey paper, unevenly lit, with the noise of a camera."""
    rng = np.random.default_rng(0)
    light = np.linspace(200, 120, width)[None] * np.ones((height, 1))
    noisy = (light + rng.normal(0, 6, (height, width))).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(noisy)
    ImageDraw.Draw(image).line(
        [(width * 0.4, height * 0.3), (width * 0.6, height * 0.3), (width * 0.45, height * 0.7)],
        60,
        width // 50,
    )
    return image.filter(ImageFilter.GaussianBlur(2)).convert("RGB")


def encoded(image: Image.Image, kind: str) -> bytes:
    """The image's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def median_milliseconds(data: bytes) -> tuple[float, float]:
    """Median times of decoding and of preprocessing."""
    times: list[tuple[float, float]] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        image = decode_image(data, MAX_PIXELS)
        decoded = time.perf_counter()
        prepare(image)
        times.append((decoded - start, time.perf_counter() - decoded))
    decoding, preparing = np.median(times, axis=0) * 1000
    return float(decoding), float(preparing)


def main() -> None:
    """Print the table."""
    give_back_large_blocks()  # as the service does
    mnist_like = Image.fromarray(prepare(canvas(280)).image)
    pictures = {
        "28×28 digit like MNIST's, PNG": encoded(mnist_like, "PNG"),
        "28×28 drawing, PNG": encoded(canvas(28), "PNG"),
        "300×300 canvas, PNG": encoded(canvas(300), "PNG"),
        "1000×1000 canvas, PNG": encoded(canvas(1000), "PNG"),
        "2-megapixel photo, JPEG": encoded(photo(1632, 1224), "JPEG"),
        "12-megapixel photo, JPEG": encoded(photo(4032, 3024), "JPEG"),
    }
    print(f"{'picture':<32}{'decode':>10}{'prepare':>10}{'together':>10}  (ms, median)")
    for name, data in pictures.items():
        decoding, preparing = median_milliseconds(data)
        print(f"{name:<32}{decoding:>10.2f}{preparing:>10.2f}{decoding + preparing:>10.2f}")


if __name__ == "__main__":
    main()
