"""What an output says of its run, so that it can be resumed: ``_bulk/run.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from pyarrow import fs

from app.bulk import sink
from app.bulk.errors import BulkError
from app.bulk.files import resolve
from app.bulk.plan import first, shards, write_plan
from app.bulk.scoring import SCHEMA
from app.bulk.sources import Kind, Source
from app.bulk.work import Job, plan_path
from app.checkpoint import Checkpoint
from app.pipeline import Preprocess


@dataclass(frozen=True)
class Settings:
    """What decides the rows of an output; a resumed run has to have the same."""

    input: str
    preprocess: Preprocess | None
    columns: list[str]
    image_column: str | None
    limit: int | None
    rows_per_file: int
    checkpoint: str


@dataclass(frozen=True)
class Record:
    """A planned run.

    Attributes:
        settings: that it was planned with.
        source_root: see :class:`app.bulk.sources.Source`.
        kind: of the input.
        image_column: of Parquet, as found.
        shards: in the plan.
        images: in the plan.
        skipped: files of the input that hold nothing that can be read.
    """

    settings: Settings
    source_root: str
    kind: Kind
    image_column: str | None
    shards: int
    images: int
    skipped: int

    def job(self, output: str, checkpoint: Checkpoint, batch_size: int, max_pixels: int) -> Job:
        """What the workers have to know; for the arguments see :class:`app.bulk.work.Job`."""
        return Job(
            source=self.settings.input,
            source_root=self.source_root,
            output=output,
            kind=self.kind,
            image_column=self.image_column,
            columns=tuple(self.settings.columns),
            preprocess=self.settings.preprocess,
            batch_size=batch_size,
            max_pixels=max_pixels,
            graph=checkpoint.graph,
            card=json.dumps(checkpoint.card),
        )


def open_output(location: str, settings: Settings, resume: bool) -> Record:
    """Plan a run, or find the plan of the one to resume.

    Raises:
        BulkError: the output is taken, or was begun with other settings, or the input is at fault.
    """
    filesystem, root = resolve(location)
    path = f"{root}/{sink.PRIVATE}/run.json"
    try:
        if not filesystem.get_file_info(path).is_file:
            return _plan(filesystem, root, path, settings)
        if not resume:
            raise BulkError(f"{location} holds a run. Go on with --resume, or name another folder.")
        with filesystem.open_input_file(path) as file:
            content = json.loads(file.read())
        sink.forget_attempts(filesystem, root)
    except OSError as exc:
        raise BulkError(f"{location}: {exc}") from exc
    before = Settings(**content.pop("settings"))
    _compare(location, asdict(before), asdict(settings))
    return Record(before, **content)


def _plan(filesystem: fs.FileSystem, root: str, path: str, settings: Settings) -> Record:
    entries = filesystem.get_file_info(fs.FileSelector(root, allow_not_found=True))
    if foreign := [entry.base_name for entry in entries if entry.base_name != sink.PRIVATE]:
        raise BulkError(f"{root} is not empty ({foreign[0]}). Name another folder.")
    source = Source(settings.input, settings.image_column)
    pieces = first(source.pieces(), settings.limit)
    filesystem.create_dir(f"{root}/{sink.PRIVATE}")
    with filesystem.open_output_stream(plan_path(root)) as stream:
        count, images = write_plan(stream, shards(pieces, settings.rows_per_file))
    assert source.kind is not None
    known = [*SCHEMA.names, *(source.schema.names if source.schema else [])]
    if unknown := [name for name in settings.columns if name not in known]:
        raise BulkError(f"There is no column {unknown[0]}, but {', '.join(known)}.")
    record = Record(
        settings, source.root, source.kind, source.image_column, count, images, source.skipped
    )
    sink.write_whole(filesystem, root, path, json.dumps(asdict(record), indent=1).encode())
    return record


def _compare(location: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    for name, value in before.items():
        if now[name] != value:
            raise BulkError(
                f"{location} was begun with {name.replace('_', ' ')} {value}, not {now[name]}. "
                "Resume it with what it was begun with, or name another folder."
            )
