"""How long bulk scoring reads Parquet by the size of row groups: a shard reads from their start.

    PYTHONPATH=. python benchmarks/bulk_row_groups.py

Three shards of a file, read but not scored, in one process.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from contestants import DIGITS
from PIL import Image
from pyarrow import fs

from app.bulk.plan import shards
from app.bulk.reading import Reader
from app.bulk.sources import Source

IMAGES = 262_144
ROWS_PER_FILE = 16_384


def read_seconds(path: Path) -> list[float]:
    """Seconds in which the first, the middle and the last shard are read."""
    source = Source(str(path))
    plan = list(shards(source.pieces(), ROWS_PER_FILE))
    assert source.kind is not None
    reader = Reader(fs.LocalFileSystem(), source.root, source.kind, source.image_column, [], 256)
    seconds = []
    for shard in (plan[0], plan[len(plan) // 2], plan[-1]):
        start = time.perf_counter()
        for _ in reader.batches(shard):
            pass
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Write the same digits in groups of two sizes, as lists and as PNG, and read them."""
    copies = IMAGES // len(DIGITS) + 1
    pixels = np.stack([np.asarray(Image.open(path)).ravel() for path in DIGITS])
    lists = pa.FixedSizeListArray.from_arrays(np.tile(pixels, (copies, 1)).ravel(), 28 * 28)
    files = pa.array([path.read_bytes() for path in DIGITS] * copies)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "digits.parquet"
        for form, images in (("lists", lists), ("PNG", files)):
            table = pa.table({"image": images[:IMAGES]})
            for rows in (IMAGES, ROWS_PER_FILE):
                pq.write_table(table, path, rows, compression="none", use_dictionary=False)
                seconds = " ".join(f"{one:.2f}" for one in read_seconds(path))
                print(f"{form}, groups of {rows:,}: {seconds} s")


if __name__ == "__main__":
    main()
