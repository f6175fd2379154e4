"""What one task does: a shard from the plan to its file, once and for all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyarrow as pa

from app.bulk import sink
from app.bulk.files import resolve
from app.bulk.plan import read_shard
from app.bulk.reading import Reader
from app.bulk.scoring import SCHEMA, Scorer
from app.bulk.sources import Kind
from app.checkpoint import Checkpoint
from app.pipeline import Preprocess
from app.recognizer import Recognizer


@dataclass(frozen=True)
class Job:
    """All that a worker has to know; it is sent to every one.

    Attributes:
        source: path or URI whose file system holds the input.
        source_root: of the pieces' paths in it.
        output: path or URI of the output's folder.
        kind: what the input's files hold.
        image_column: of Parquet.
        columns: of the output, in order; names that are none of ours are the input's.
        preprocess: see :class:`app.bulk.scoring.Scorer`.
        batch_size: images that a worker holds at a time.
        max_pixels: of a picture.
        graph: the checkpoint's graph, so that workers need no file of it.
        card: its card, as JSON.
    """

    source: str
    source_root: str
    output: str
    kind: Kind
    image_column: str | None
    columns: tuple[str, ...]
    preprocess: Preprocess | None
    batch_size: int
    max_pixels: int
    graph: bytes = field(repr=False)
    card: str = field(repr=False)


def plan_path(root: str) -> str:
    """Where the plan of an output stands."""
    return f"{root}/{sink.PRIVATE}/plan.arrow"


def do_shard(job: Job, number: int) -> tuple[sink.Tally, bool]:
    """Score a shard and write its file, unless that is there.

    Returns:
        The counts of its rows, and whether they were made now.
    """
    filesystem, root = resolve(job.output)
    tally = sink.finished(filesystem, sink.shard_path(root, number))
    if tally is not None:
        return tally, False
    attempts = sink.begin(filesystem, root, number)
    carried = [name for name in job.columns if name not in SCHEMA.names]
    reader = Reader(
        resolve(job.source)[0],
        job.source_root,
        job.kind,
        job.image_column,
        carried,
        job.batch_size,
    )
    scorer = Scorer(_recognizer(job.graph, job.card), job.preprocess, job.max_pixels)
    written, tally = [], sink.Tally()
    for batch in reader.batches(read_shard(job.output, plan_path(root), number)):
        rows = scorer.score(batch)
        tally += sink.Tally.of(rows)
        columns = {name: rows.column(name) for name in SCHEMA.names}
        if batch.carried is not None:
            columns |= {name: batch.carried.column(name) for name in carried}
        written.append(pa.RecordBatch.from_pydict({name: columns[name] for name in job.columns}))
    sink.write_rows(filesystem, root, number, written, tally)
    sink.end(filesystem, attempts)
    return tally, True


@cache
def _recognizer(graph: bytes, card: str) -> Recognizer:
    """The network, loaded once in each worker."""
    return Recognizer(Checkpoint(graph, json.loads(card)))


def as_row(row: dict[str, Any], job: Job) -> dict[str, Any]:
    """:func:`do_shard` for a row of a Ray data set."""
    tally, made, error = sink.Tally(), False, ""
    try:
        tally, made = do_shard(job, int(row["id"]))
    except Exception as exc:  # Ray would say in its own words that there was one, not which
        error = f"{type(exc).__name__}: {exc}".rstrip(".\n")
    return {"shard": row["id"], "made": made, "tally": json.dumps(vars(tally)), "error": error}
