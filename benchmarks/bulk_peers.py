"""A folder of pictures scored without bulk scoring: a plain loop, and multiprocessing.

::

    python benchmarks/bulk_peers.py loop FOLDER OUTPUT.parquet

Both use the service's preprocessing and network and do the same work; neither resumes, survives a
worker, reads anything else, or keeps its memory bounded. Prints images a second, without the start.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.decoding import decode_image
from app.preprocessing import prepare
from app.recognizer import Recognizer

REPOSITORY = Path(__file__).resolve().parents[1]
MAX_PIXELS = 50_000_000
PROCESSES, PIECE = 2, 200
"""Of the pool, and files that one takes at a time."""


def plain_loop(folder: Path, output: Path) -> float:
    """What one writes who needs it once: a loop over the files, and one Parquet file."""
    recognizer = Recognizer.load(REPOSITORY / "weights")
    start = time.perf_counter()
    rows = [_row(recognizer, path) for path in sorted(folder.iterdir())]
    pq.write_table(pa.Table.from_pylist(rows), output)
    return len(rows) / (time.perf_counter() - start)


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


def with_pool(folder: Path, output: Path) -> float:
    """The same with multiprocessing, counted from when both processes have done a piece."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES, _load) as pool:
        scored = pool.imap(_score, sorted(folder.iterdir()), PIECE)
        rows = list(islice(scored, PROCESSES * PIECE))
        begun, start = len(rows), time.perf_counter()
        rows += scored
    pq.write_table(pa.Table.from_pylist(rows), output)
    return (len(rows) - begun) / (time.perf_counter() - start)


def main() -> None:
    """Print the rate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("peer", choices=("loop", "pool"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    work = plain_loop if options.peer == "loop" else with_pool
    print(work(options.folder, options.output))


if __name__ == "__main__":
    main()
