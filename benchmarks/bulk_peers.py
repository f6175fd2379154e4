"""A folder of pictures scored without bulk scoring: a plain loop, and multiprocessing.

::

    python benchmarks/bulk_peers.py loop FOLDER OUTPUT.parquet

Both use the service's preprocessing and network and do the same work; neither resumes, survives a
worker, reads anything else, or keeps its memory bounded. Prints images a second.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.decoding import decode_image
from app.preprocessing import prepare
from app.recognizer import Recognizer

REPOSITORY = Path(__file__).resolve().parents[1]
MAX_PIXELS = 50_000_000
PIECE = 200
"""Files that a process of the pool takes at a time."""


def plain_loop(folder: Path, output: Path) -> int:
    """What one writes who needs it once: a loop over the files, and one Parquet file."""
    recognizer = Recognizer.load(REPOSITORY / "weights")
    rows = [_row(recognizer, path) for path in sorted(folder.iterdir())]
    pq.write_table(pa.Table.from_pylist(rows), output)
    return len(rows)


def _row(recognizer: Recognizer, path: Path) -> dict[str, object]:
    image = prepare(decode_image(path.read_bytes(), MAX_PIXELS)).image
    prediction = recognizer.predict(image)
    return {
        "identifier": path.name,
        "digit": prediction.digit,
        "confidence": prediction.confidence,
        "is_digit": prediction.is_digit,
        "log_probabilities": prediction.log_probabilities.tolist(),
    }


_worker: list[Recognizer] = []


def _load() -> None:
    _worker.append(Recognizer.load(REPOSITORY / "weights"))


def _score(path: Path) -> dict[str, object]:
    return _row(_worker[0], path)


def with_pool(folder: Path, output: Path) -> int:
    """The same with multiprocessing."""
    with multiprocessing.get_context("spawn").Pool(2, _load) as pool:
        rows = list(pool.imap(_score, sorted(folder.iterdir()), PIECE))
    pq.write_table(pa.Table.from_pylist(rows), output)
    return len(rows)


def main() -> None:
    """Print the rate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peer", choices=("loop", "pool"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    work = plain_loop if options.peer == "loop" else with_pool
    start = time.perf_counter()
    images = work(options.folder, options.output)
    print(images / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
