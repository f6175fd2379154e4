"""A shard's images, read where they are, a batch at a time."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import fs

from app.arrays import LARGEST_HEADER, PIXELS, read_header
from app.bulk.image_columns import Item, items_of
from app.bulk.sources import Kind, Piece
from app.preprocessing import SIDE

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of an image file that are read at most; a larger one gets an error in its place."""
BATCH_BYTES = 32 * 1024 * 1024
"""Bytes of Parquet's image files that are held at a time, about."""
BUFFER = 256 * 1024
"""Bytes of a tar that are read at a time: its members are small and follow each other."""
READERS = 16
"""Files on their way from another machine: there a small file is mostly waiting."""

Result = TypeVar("Result")


class Batch(NamedTuple):
    """Some images of a shard.

    Attributes:
        identifiers: of each, unique in the input.
        items: pixels uint8 ``[N, 28, 28]``, or the images one by one, read when they are asked for.
        carried: the same rows' columns of the input that are wanted in the output.
    """

    identifiers: list[str]
    items: NDArray[np.uint8] | Iterable[Item]
    carried: pa.RecordBatch | None = None


class Reader:
    """Reads shards of one input.

    Args:
        filesystem: of the input.
        root: of the pieces' paths.
        kind: what its files hold.
        image_column: of Parquet.
        carried: columns of Parquet that are wanted in the output.
        batch_size: images in a batch, at most.
    """

    def __init__(
        self,
        filesystem: fs.FileSystem,
        root: str,
        kind: Kind,
        image_column: str | None,
        carried: list[str],
        batch_size: int,
    ) -> None:
        self._filesystem = filesystem
        self._root = root
        self._kind = kind
        self._image_column = image_column
        self._carried = carried
        self._batch_size = batch_size

    def batches(self, pieces: list[Piece]) -> Iterator[Batch]:
        """The images of pieces, in order.

        Raises:
            OSError: storage fails, or the input is no longer what it was. A picture that is gone
                or forbidden is an item that says so.
        """
        if self._kind in ("picture", "tar"):
            yield from self._pictures(pieces)
            return
        for piece in pieces:
            if self._kind == "array":
                yield from self._array(piece)
                continue
            try:
                yield from self._parquet(piece)
            except (OSError, pa.ArrowException) as exc:  # which does not name the file
                raise OSError(f"{piece.path}: {exc}") from exc

    def _pictures(self, pieces: list[Piece]) -> Iterator[Batch]:
        names = [f"{piece.path}#{piece.member}" if piece.member else piece.path for piece in pieces]
        read = self._members(pieces) if self._kind == "tar" else self._files(pieces)
        for start in range(0, len(pieces), self._batch_size):
            part = names[start : start + self._batch_size]
            yield Batch(part, (next(read) for _ in part))

    def _files(self, pieces: list[Piece]) -> Iterator[Item]:
        steps = (partial(self._file, piece) for piece in pieces)
        if isinstance(self._filesystem, fs.LocalFileSystem):
            return (step() for step in steps)
        return _ahead(steps, READERS)

    def _file(self, piece: Piece) -> Item:
        if piece.length > LARGEST_FILE:
            return _too_large(piece)
        try:
            with self._filesystem.open_input_stream(self._path(piece)) as file:
                data: bytes = file.read()
        except (FileNotFoundError, PermissionError, IsADirectoryError) as exc:
            return f"unreadable: {exc}"
        return data

    def _members(self, pieces: list[Piece]) -> Iterator[Item]:
        for _, members in groupby(pieces, key=lambda piece: piece.path):
            first = next(members)
            with self._filesystem.open_input_file(self._path(first)) as file:
                buffered = io.BufferedReader(file, BUFFER)
                for piece in (first, *members):
                    if piece.length > LARGEST_FILE:
                        yield _too_large(piece)
                    else:
                        yield self._bytes(buffered, piece.start, piece.length, piece.path)

    def _array(self, piece: Piece) -> Iterator[Batch]:
        with self._filesystem.open_input_file(self._path(piece)) as file:
            _, offset = read_header(file.read(LARGEST_HEADER), file.size())
            for row in range(piece.start, piece.start + piece.length, self._batch_size):
                count = min(self._batch_size, piece.start + piece.length - row)
                data = self._bytes(file, offset + row * PIXELS, count * PIXELS, piece.path)
                images = np.frombuffer(data, np.uint8).reshape(count, SIDE, SIDE)
                yield Batch(_numbered(piece.path, row, count), images)

    def _parquet(self, piece: Piece) -> Iterator[Batch]:
        """Rows of a file; those before them in their row group are read and passed over."""
        with self._filesystem.open_input_file(self._path(piece)) as handle:
            file = pq.ParquetFile(handle, buffer_size=1024 * 1024)
            groups, row = _groups(file.metadata, piece)
            size = max(1, min(self._batch_size, BATCH_BYTES * piece.images // max(piece.size, 1)))
            columns = [self._image_column, *self._carried]
            wanted, end = piece.start, piece.start + piece.length
            for found in file.iter_batches(size, row_groups=groups, columns=columns):
                skip = max(wanted - row, 0)
                part = found.slice(skip, max(end - row - skip, 0))
                if len(part):
                    names = _numbered(piece.path, row + skip, len(part))
                    images = items_of(part.column(part.schema.get_field_index(self._image_column)))
                    yield Batch(names, images, part.select(self._carried))
                row += len(found)
                if row >= end:
                    return
        raise OSError("It has fewer rows than it had.")

    def _path(self, piece: Piece) -> str:
        return f"{self._root}/{piece.path}"

    def _bytes(
        self, file: io.BufferedReader | pa.NativeFile, start: int, length: int, path: str
    ) -> bytes:
        file.seek(start)
        data = bytes(file.read(length))
        if len(data) != length:
            raise OSError(f"{path} is shorter than it was.")
        return data


def _numbered(path: str, row: int, count: int) -> list[str]:
    return [f"{path}#{number}" for number in range(row, row + count)]


def _too_large(piece: Piece) -> str:
    return f"too-many-bytes: {piece.length:,} bytes; at most {LARGEST_FILE:,} are read."


def _groups(metadata: pq.FileMetaData, piece: Piece) -> tuple[list[int], int]:
    """The row groups that hold a piece, and the first one's first row."""
    groups: list[int] = []
    row = begin = 0
    for number in range(metadata.num_row_groups):
        count = metadata.row_group(number).num_rows
        if row < piece.start + piece.length and row + count > piece.start:
            begin = begin if groups else row
            groups.append(number)
        row += count
    return groups, begin


def _ahead(steps: Iterable[Callable[[], Result]], count: int) -> Iterator[Result]:
    """The results of steps, in order, of which so many are under way at a time."""
    with ThreadPoolExecutor(count) as pool:
        waiting: deque[Future[Result]] = deque()
        for step in steps:
            waiting.append(pool.submit(step))
            if len(waiting) >= count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
