"""What the machine allows without HTTP: requests' work in a loop, and the engine on batches.

::

    taskset -c 0 python benchmarks/limit.py
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.pipeline import Pipeline
from app.recognizer import Recognizer
from app.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[1]
BATCH_SIZES = (8, 16, 64)


def per_second(work: Callable[[], object], images: int, seconds: float) -> float:
    """Images a second of work that is done again and again."""
    work()
    start, rounds = time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < seconds:
        work()
        rounds += 1
    return rounds * images / spent


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2)
    seconds = parser.parse_args().seconds
    recognizer = Recognizer.load(REPOSITORY / "weights")
    pipeline = Pipeline(Settings(), recognizer)
    files = [path.read_bytes() for path in sorted((REPOSITORY / "tests/digits").glob("*.png"))]

    def decode_and_infer() -> None:
        for data in files:
            prepared = pipeline.prepare_small(data)
            assert prepared is not None
            recognizer.predict(prepared.image)

    images = np.random.default_rng(0).integers(0, 256, (max(BATCH_SIZES), 28, 28), np.uint8)
    engine = {
        size: per_second(
            lambda size=size: recognizer.log_probabilities(images[:size]),  # type: ignore[misc]
            size,
            seconds / len(BATCH_SIZES),
        )
        for size in BATCH_SIZES
    }
    single = per_second(decode_and_infer, len(files), seconds)
    print(json.dumps({"decode_and_infer": single, "engine": max(engine.values())}))


if __name__ == "__main__":
    main()
