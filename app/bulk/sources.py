"""What can be read: an input's files become pieces, of which each is some images in one place.

A piece is small enough to be listed by the million; the images stay where they are until a worker
reads them (``reading.py``).
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from app.arrays import IDX_IMAGES, LARGEST_HEADER, NPY_START, PIXELS, read_header
from app.bulk.errors import BulkError
from app.bulk.files import escaped, matches, resolve, split_pattern, walk
from app.bulk.image_columns import find_image_column
from app.decoding import SIGNATURES
from app.problems import Problem

Kind = Literal["picture", "tar", "array", "parquet"]

PICTURES = (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".gif", ".tif", ".tiff")
KINDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("picture", PICTURES),
    ("array", (".npy", ".idx", ".idx3", "idx3-ubyte")),
    ("parquet", (".parquet", ".pq")),
    ("tar", (".tar",)),
)
"""Kinds of files by the ends of their names; others are told by their first bytes."""

STARTS: tuple[tuple[Kind, tuple[bytes, ...]], ...] = (
    ("picture", SIGNATURES),
    ("array", (IDX_IMAGES, NPY_START)),
    ("parquet", (b"PAR1",)),
)
TAR_MAGIC = slice(257, 262), b"ustar"
COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
BUFFER = 64 * 1024
"""Bytes of a tar that are read at a time on the way from header to header."""
READABLE = "PNG, JPEG, WebP, BMP, GIF or TIFF images, Parquet, IDX of images, .npy or .tar"


class Piece(NamedTuple):
    """Images in one place.

    Attributes:
        path: of the file, below the source's root.
        member: name in a tar, else empty.
        start: first row, or first byte of a picture in its tar.
        length: rows, or bytes of the one picture.
        images: how many there are.
        size: bytes of all of them, about.
    """

    path: str
    member: str
    start: int
    length: int
    images: int
    size: int


class Source:
    """An input: its files and what they hold.

    Attributes:
        root: of the pieces' paths, in the file system of the location.
        kind: what the files hold; known after the first piece.
        image_column: of Parquet, the column with the images.
        schema: of Parquet, all columns.
        skipped: files, also in tars, passed over so far, since they hold nothing that can be read.

    Args:
        location: path or URI of a file or folder, or a pattern of files.
        image_column: of Parquet; None finds the only one there is.

    Raises:
        BulkError: there is nothing, or it can't be read.
    """

    def __init__(self, location: str, image_column: str | None = None) -> None:
        self.location = location
        self.kind: Kind | None = None
        self.image_column = image_column
        self.schema: pa.Schema | None = None
        self.skipped = 0
        self._filesystem, path = resolve(location)
        self._pattern: str | None = None
        try:
            found = self._filesystem.get_file_info(path)
            if found.type == fs.FileType.NotFound:
                path, self._pattern = split_pattern(path)
                found = self._filesystem.get_file_info(path)
        except OSError as exc:
            raise BulkError(f"{location} can't be read: {exc}") from exc
        if found.type == fs.FileType.NotFound:
            raise BulkError(f"There is no {location}.")
        self._file = found if found.is_file else None
        self.root = path.rpartition("/")[0] if found.is_file else path

    def pieces(self) -> Iterator[Piece]:
        """All pieces, in an order that depends on names only.

        Raises:
            BulkError: a file is damaged, or its images are none of 28×28, or kinds are mixed.
        """
        first: str | None = None
        for info in [self._file] if self._file else self._files():
            path = info.path[len(self.root) :].lstrip("/")
            try:
                kind = self._kind_of(info)
                if kind is None:
                    self.skipped += 1
                    continue
                if self.kind not in (None, kind):
                    raise BulkError(
                        f"{path} is {kind}, {first} is {self.kind}. Name one of them by a pattern."
                    )
                self.kind, first = kind, path
                yield from self._pieces_of(path, info)
            except (Problem, OSError, pa.ArrowException, tarfile.TarError) as exc:
                raise BulkError(f"{path}: {exc}") from exc
        if first is None:
            raise BulkError(f"{self.location} holds nothing that can be read: {READABLE}.")

    def _files(self) -> Iterator[fs.FileInfo]:
        try:
            for info in walk(self._filesystem, self.root):
                path = info.path[len(self.root) :].lstrip("/")
                if self._pattern is None or matches(path, self._pattern):
                    yield info
        except OSError as exc:
            raise BulkError(f"{self.location} can't be listed: {exc}") from exc

    def _kind_of(self, info: fs.FileInfo) -> Kind | None:
        if info.type == fs.FileType.NotFound:
            return None
        name = info.base_name.lower()
        for kind, ends in KINDS:
            if name.endswith(ends):
                return kind
        with self._filesystem.open_input_file(info.path) as file:
            head = file.read(512)
        for kind, starts in STARTS:
            if head.startswith(starts):
                return kind
        if head[TAR_MAGIC[0]] == TAR_MAGIC[1]:
            return "tar"
        if self._file is not None:
            for start, form in COMPRESSED.items():
                if head.startswith(start):
                    raise BulkError(
                        f"{info.base_name} is compressed ({form}), so that it can't be read in "
                        "parts. Unpack it first."
                    )
        return None

    def _pieces_of(self, path: str, info: fs.FileInfo) -> Iterator[Piece]:
        if self.kind == "picture":
            yield Piece(path, "", 0, info.size, 1, info.size)
            return
        with self._filesystem.open_input_file(info.path) as file:
            if self.kind == "array":
                if not info.size:  # bare pixels of no image, by their number
                    raise BulkError(f"{path} is empty.")
                count, _ = read_header(file.read(LARGEST_HEADER), info.size)
                yield Piece(path, "", 0, count, count, count * PIXELS)
            elif self.kind == "tar":
                yield from self._members(path, file)
            else:
                yield from self._row_groups(path, pq.ParquetFile(file))

    def _row_groups(self, path: str, file: pq.ParquetFile) -> Iterator[Piece]:
        schema = file.schema_arrow
        column = find_image_column(schema, self.image_column)
        if self.schema is None:
            self.schema, self.image_column = schema, column
        elif not schema.equals(self.schema):
            raise BulkError(f"{path} has other columns than the files before it.")
        row = 0
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            yield Piece(path, "", row, group.num_rows, group.num_rows, group.total_byte_size)
            row += group.num_rows

    def _members(self, path: str, file: pa.NativeFile) -> Iterator[Piece]:
        """The pictures in a tar; those without a picture's name, links and the like are counted."""
        buffered = io.BufferedReader(file, BUFFER)
        with tarfile.open(fileobj=buffered, mode="r:", encoding="utf-8") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would remember all of them
                name = PurePosixPath(member.name).name
                if member.isdir() or name.startswith("."):
                    continue
                if member.issparse() or not (member.isreg() and name.lower().endswith(PICTURES)):
                    self.skipped += 1
                    continue
                named = escaped(member.name)
                yield Piece(path, named, member.offset_data, member.size, 1, member.size)
            _assert_end(buffered, archive.offset)


def _assert_end(file: io.BufferedReader, offset: int) -> None:
    """Make sure that a tar ends where its reader has stopped, as it does at any bad header.

    Raises:
        ReadError: it doesn't, so that there may be more pictures.
    """
    file.seek(offset)
    block = file.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError(f"it breaks off at byte {offset + len(block):,}, without its end.")
    while block:
        if any(block):
            raise tarfile.ReadError(
                f"after byte {offset:,} it is damaged, or another archive is appended."
            )
        block = file.read(BUFFER)
