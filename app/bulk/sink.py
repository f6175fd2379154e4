"""Files of the output: under their final name only when whole, each the same however often made."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

PRIVATE = "_bulk"
"""Folder in the output for the plan and what is unfinished; readers of Parquet pass it over."""
UNFINISHED = ".unfinished"
ATTEMPTS = 10
"""Workers that may die over a shard. Ray would go on for ever, and one image may be what kills."""
TALLY = b"tinydigits"
"""Key of the counts in a file's metadata."""


@dataclass
class Tally:
    """Counts of some rows.

    Attributes:
        images: rows.
        digits: rows by the digit named, also where it is rejected.
        rejected: rows whose ``is_digit`` is false.
        errors: rows with an error.
    """

    images: int = 0
    digits: list[int] = field(default_factory=lambda: [0] * 10)
    rejected: int = 0
    errors: int = 0

    def __add__(self, other: Tally) -> Tally:
        digits = [one + another for one, another in zip(self.digits, other.digits, strict=True)]
        rejected, errors = self.rejected + other.rejected, self.errors + other.errors
        return Tally(self.images + other.images, digits, rejected, errors)

    @classmethod
    def of(cls, rows: pa.RecordBatch) -> Tally:
        """The counts of rows with all columns."""
        digits = rows.column("digit").drop_null().to_numpy()
        return cls(
            images=len(rows),
            digits=np.bincount(digits, minlength=10).tolist(),
            rejected=rows.column("is_digit").false_count,
            errors=len(rows) - rows.column("error").null_count,
        )


def shard_path(root: str, number: int) -> str:
    """Where a shard's rows stand when they are whole."""
    return f"{root}/part-{number:07}.parquet"


def finished(filesystem: fs.FileSystem, path: str) -> Tally | None:
    """The counts of a file of the output; None if it isn't there yet."""
    if not filesystem.get_file_info(path).is_file:
        return None
    with filesystem.open_input_file(path) as file:
        return Tally(**json.loads(pq.read_metadata(file).metadata[TALLY]))


def begin(filesystem: fs.FileSystem, root: str, number: int) -> str:
    """Note that a shard is begun; returns the folder of such notes, which its end removes.

    Raises:
        RuntimeError: too many have begun it and not come back.
    """
    notes = f"{root}/{PRIVATE}/attempts/{number:07}"
    filesystem.create_dir(notes)
    if len(filesystem.get_file_info(fs.FileSelector(notes))) >= ATTEMPTS:
        raise RuntimeError(f"shard {number} has cost {ATTEMPTS} workers their lives.")
    with filesystem.open_output_stream(f"{notes}/{uuid.uuid4().hex}"):
        pass
    return notes


def end(filesystem: fs.FileSystem, notes: str) -> None:
    """Remove the notes of a shard that is done."""
    with suppress(FileNotFoundError):  # another who did the same shard was faster
        filesystem.delete_dir(notes)


def sweep(filesystem: fs.FileSystem, root: str) -> None:
    """Remove what killed workers left, when all shards are done."""
    for entry in filesystem.get_file_info(fs.FileSelector(f"{root}/{PRIVATE}")):
        if entry.base_name.endswith(UNFINISHED):
            filesystem.delete_file(entry.path)


def forget_attempts(filesystem: fs.FileSystem, root: str) -> None:
    """Give every shard all its attempts again."""
    filesystem.delete_dir_contents(f"{root}/{PRIVATE}/attempts", missing_dir_ok=True)


def write_rows(
    filesystem: fs.FileSystem,
    root: str,
    number: int,
    batches: Sequence[pa.RecordBatch],
    tally: Tally,
) -> None:
    """Write a shard's rows, all of them or none."""
    table = pa.Table.from_batches(batches)
    table = table.replace_schema_metadata({TALLY: json.dumps(asdict(tally))})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd", use_dictionary=False)
    write_whole(filesystem, root, shard_path(root, number), buffer.getvalue())


def write_whole(filesystem: fs.FileSystem, root: str, path: str, data: pa.Buffer | bytes) -> None:
    """Write a file that appears when all of it is stored.

    Who is killed leaves a file in the private folder. Two that write the same write the same
    bytes, so it does not matter who is last.
    """
    unfinished = f"{root}/{PRIVATE}/{uuid.uuid4().hex}{UNFINISHED}"
    if isinstance(filesystem, fs.LocalFileSystem):
        with open(unfinished, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the name without the bytes
        os.replace(unfinished, path)
        return
    with filesystem.open_output_stream(unfinished) as stream:
        stream.write(data)
    filesystem.move(unfinished, path)
