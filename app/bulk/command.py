"""The command: arguments, progress, summary."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tqdm import tqdm

from app.bulk.errors import BulkError
from app.bulk.files import resolve
from app.bulk.record import Record, Settings, open_output
from app.bulk.run import RESUME, cluster, do_all
from app.bulk.scoring import DEFAULT_COLUMNS, SCHEMA
from app.bulk.sink import Tally, sweep
from app.bulk.sources import READABLE
from app.bulk.work import Job
from app.checkpoint import CheckpointError
from app.recognizer import Recognizer
from app.settings import Settings as ServiceSettings

DEFAULTS = ServiceSettings.model_construct()
"""The service's, without what the environment says of it."""


def arguments(given: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m app.bulk",
        description="Name the digits on any number of pictures, on this machine or a Ray cluster.",
    )
    parser.add_argument(
        "input", help=f"file, folder or pattern, a path or a URI such as s3://…: {READABLE}"
    )
    parser.add_argument("output", help="folder for Parquet files, a path or a URI")
    parser.add_argument("--resume", action="store_true", help="go on with what OUTPUT has")
    parser.add_argument("--address", help="of a Ray cluster (auto: the one here); else a local one")
    parser.add_argument(
        "--preprocess",
        choices=("auto", "none"),
        help="find the digit on each picture, or take 28×28 grey ones as they are "
        "(default, as in the service: auto for files, none for arrays)",
    )
    parser.add_argument(
        "--columns",
        type=lambda text: text.split(","),
        default=DEFAULT_COLUMNS,
        metavar="A,B,…",
        help=f"of the output: {', '.join(SCHEMA.names)}, or columns of Parquet that is read "
        "(default: all of the former but several_digits)",
    )
    parser.add_argument("--image-column", help="of Parquet (default: image, or the only one)")
    parser.add_argument("--limit", type=_positive, help="score only the first so many images")
    parser.add_argument(
        "--batch-size",
        type=_positive,
        default=256,
        help="images that a worker holds at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--rows-per-file",
        type=_positive,
        default=16_384,
        help="images a file of the output and a task at most (default: %(default)s)",
    )
    parser.add_argument(
        "--weights", type=Path, default=DEFAULTS.weights, help="directory of the checkpoint"
    )
    return parser.parse_args(given)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def main(given: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = arguments(given)
    try:
        checkpoint = Recognizer.load(options.weights).checkpoint
        settings = Settings(
            input=_absolute(options.input),
            preprocess=options.preprocess,
            columns=options.columns,
            image_column=options.image_column,
            limit=options.limit,
            rows_per_file=options.rows_per_file,
            checkpoint=checkpoint.sha256,
        )
        output = _absolute(options.output)
        record = open_output(output, settings, options.resume)
        job = record.job(output, checkpoint, options.batch_size, DEFAULTS.max_pixels)
        with cluster(options.address) as cores:
            score_all(job, record, cores)
        sweep(*resolve(output))
    except (BulkError, CheckpointError) as exc:
        print(f"error: {' '.join(str(exc).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"interrupted. {RESUME}", file=sys.stderr)
        return 130
    return 0


def score_all(job: Job, record: Record, cores: int) -> None:
    """Do all shards, show how far it is, and sum up."""
    if record.skipped:
        print(f"{record.skipped:,} files hold nothing that can be read.", file=sys.stderr)
    total, made = Tally(), 0
    start = time.perf_counter()
    # No smoothing: shards come together, as the tasks end that do them.
    with tqdm(total=record.images, unit=" images", unit_scale=True, smoothing=0) as bar:
        for tally, new in do_all(job, record.shards, cores):
            total += tally
            if new:
                made += tally.images
            else:
                bar.initial += tally.images
            bar.set_postfix(errors=total.errors, refresh=False)
            bar.update(tally.images)
    print(summary(total, made, time.perf_counter() - start, cores))


def summary(total: Tally, made: int, seconds: float, cores: int) -> str:
    """What came out, in a few lines.

    Args:
        total: of the output.
        made: images scored by this run; the others were there.
        seconds: that it took.
        cores: that it had.
    """
    digits = range(10)
    width = max(len(f"{count:,}") for count in total.digits) + 2
    there = f" ({total.images - made:,} were there)" if made < total.images else ""
    return "\n".join(
        (
            f"{made:,} images in {seconds:,.1f} s on {cores} cores: {made / seconds:,.0f} a second"
            + there,
            "digit   " + "".join(f"{digit:>{width}}" for digit in digits),
            "images  " + "".join(f"{total.digits[digit]:>{width},}" for digit in digits),
            f"rejected as no digit: {total.rejected:,}; errors: {total.errors:,}",
        )
    )


def _absolute(location: str) -> str:
    """A path that means the same wherever a worker runs."""
    return location if "://" in location else os.path.abspath(location)
