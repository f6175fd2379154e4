"""Bulk scoring without Ray: the same plan and the same shards, done one after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from service_process import REPOSITORY

from app.bulk.record import Record, Settings, open_output
from app.bulk.scoring import DEFAULT_COLUMNS
from app.bulk.work import Job, do_shard
from app.checkpoint import read_checkpoint

CHECKPOINT = read_checkpoint(REPOSITORY / "weights")


def planned(source: Path | str, output: Path | str, **changed: Any) -> tuple[Record, Job]:
    """A run's record and job; settings as the command's, but for what is given."""
    settings: dict[str, Any] = {
        "input": str(source),
        "preprocess": None,
        "columns": DEFAULT_COLUMNS,
        "image_column": None,
        "limit": None,
        "rows_per_file": 16,
        "checkpoint": CHECKPOINT.sha256,
    }
    resume = changed.pop("resume", False)
    record = open_output(str(output), Settings(**settings | changed), resume)
    return record, record.job(str(output), CHECKPOINT, batch_size=7, max_pixels=50_000_000)


def scored(source: Path | str, output: Path, **changed: Any) -> list[dict[str, Any]]:
    """The rows of an output, in the order of the input."""
    record, job = planned(source, output, **changed)
    for number in range(record.shards):
        do_shard(job, number)
    return rows_of(output)


def rows_of(output: Path) -> list[dict[str, Any]]:
    """The rows that stand in an output, in order of the files' names."""
    tables = [pq.read_table(path) for path in sorted(output.glob("*.parquet"))]
    found: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return found
