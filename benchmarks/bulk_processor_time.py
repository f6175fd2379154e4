"""The processor time of bulk scoring's own code, beside the least that the same images can take.

Without Ray and in one process, so that it says something on a busy machine too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from bulk_inputs import cells
from bulk_peers import MAX_PIXELS
from contestants import DIGITS, REPOSITORY
from PIL import Image
from report import Results

from app.bulk.record import Settings, open_output
from app.bulk.scoring import DEFAULT_COLUMNS
from app.bulk.work import Job, do_shard
from app.decoding import decode_image
from app.preprocessing import prepare
from app.recognizer import ENGINE_BATCH, Recognizer

ROWS_PER_FILE = 1024


def job_for(source: Path, output: Path) -> Job:
    """A run's job, for who does its shards in this process."""
    recognizer = Recognizer.load(REPOSITORY / "weights")
    checkpoint = recognizer.checkpoint
    settings = Settings(
        str(source), None, DEFAULT_COLUMNS, None, None, ROWS_PER_FILE, checkpoint.sha256
    )
    record = open_output(str(output), settings, resume=False)
    return record.job(str(output), checkpoint, 256, MAX_PIXELS)


def processor_time(results: Results, sources: dict[str, Path], scratch: Path, shards: int) -> None:
    """Images a second of processor time of a worker's code, by turns with the least it can take."""
    recognizer = Recognizer.load(REPOSITORY / "weights")
    images = np.stack([np.asarray(Image.open(path)) for path in DIGITS])
    copies = ROWS_PER_FILE // len(DIGITS)

    def engine() -> None:
        for start in range(0, len(images), ENGINE_BATCH):
            recognizer.classify(images[start : start + ENGINE_BATCH])

    def decode_and_infer(files: list[bytes]) -> None:
        for data in files:
            recognizer.predict(prepare(decode_image(data, MAX_PIXELS)).image)

    alone: dict[str, Callable[[], None]] = {
        "IDX": engine,
        "PNG": partial(decode_and_infer, [path.read_bytes() for path in DIGITS]),
        "scans": partial(decode_and_infer, cells()),
    }
    jobs = {name: job_for(source, scratch / f"p-{name}") for name, source in sources.items()}
    for job in jobs.values():
        do_shard(job, 0)  # loads the network
    for number in range(1, shards):
        for name, job in jobs.items():
            start = time.process_time()
            do_shard(job, number)
            worked = time.process_time()
            for _ in range(copies):
                alone[name]()
            ended = time.process_time()
            for what, count, spent in (
                ("worker", ROWS_PER_FILE, worked - start),
                ("alone", copies * len(DIGITS), ended - worked),
            ):
                results[f"{name}, {what}, images a second of processor time"].append(count / spent)
