"""The plan of a run: which images make which shard, written down before the first is read.

A shard is what one task scores and what one file of the output holds. The plan stands beside the
output, ``_bulk/plan.arrow``, with one record batch a shard, so that neither the driver nor a worker
ever holds more of it than a shard, and a resumed run has the same shards whatever has happened to
the input or the cluster meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import pyarrow as pa

from app.bulk.files import resolve
from app.bulk.sources import Piece

SHARD_BYTES = 64 * 1024 * 1024
"""Bytes of input in a shard, about: large pictures take longer each."""

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("member", pa.string()),
        ("start", pa.int64()),
        ("length", pa.int64()),
        ("images", pa.int64()),
        ("size", pa.int64()),
    ]
)


def first(pieces: Iterable[Piece], limit: int | None) -> Iterator[Piece]:
    """The pieces of the first so many images."""
    left = limit
    for piece in pieces:
        if left is not None and piece.images >= left:
            yield _part(piece, 0, left)
            return
        yield piece
        if left is not None:
            left -= piece.images


def shards(pieces: Iterable[Piece], rows: int, size: int = SHARD_BYTES) -> Iterator[list[Piece]]:
    """Pieces put together, and cut where they are larger, to shards.

    Args:
        pieces: in order, which is kept.
        rows: images in a shard at most.
        size: bytes in a shard at most, but for a single larger image.
    """
    shard: list[Piece] = []
    images = held = 0
    for piece in (part for whole in pieces for part in _cut(whole, rows, size)):
        if shard and (images + piece.images > rows or held + piece.size > size):
            yield shard
            shard, images, held = [], 0, 0
        shard.append(piece)
        images, held = images + piece.images, held + piece.size
    if shard:
        yield shard


def _cut(piece: Piece, rows: int, size: int) -> Iterator[Piece]:
    if piece.images == 1:
        yield piece
        return
    most = max(1, min(rows, size * piece.images // max(piece.size, 1)))
    for start in range(0, piece.images, most):
        yield _part(piece, start, min(most, piece.images - start))


def _part(piece: Piece, start: int, images: int) -> Piece:
    if images == piece.images:
        return piece
    size = piece.size * images // piece.images
    return piece._replace(start=piece.start + start, length=images, images=images, size=size)


def write_plan(sink: pa.NativeFile, found: Iterable[list[Piece]]) -> tuple[int, int]:
    """Write the plan; returns the numbers of shards and of images."""
    count = images = 0
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, SCHEMA, options=options) as writer:
        for shard in found:
            columns = [
                pa.array(column, field.type)
                for column, field in zip(zip(*shard, strict=True), SCHEMA, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
            count, images = count + 1, images + sum(piece.images for piece in shard)
    return count, images


def read_shard(location: str, path: str, number: int) -> list[Piece]:
    """A shard's pieces.

    Args:
        location: path or URI whose file system holds the plan.
        path: of the plan in it.
        number: of the shard.
    """
    columns = _plan(location, path).get_batch(number).to_pydict()
    return [Piece(*row) for row in zip(*columns.values(), strict=True)]


@cache
def _plan(location: str, path: str) -> pa.ipc.RecordBatchFileReader:
    """The opened plan; a worker scores many shards of it."""
    return pa.ipc.open_file(resolve(location)[0].open_input_file(path))
