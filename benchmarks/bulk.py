"""Bulk scoring against the engine alone, against a plain loop, and against multiprocessing.

::

    python benchmarks/bulk.py

What runs beside each other is measured round and round (A B C A B C …). A run's rate is taken from
the times at which its files appeared, after the first of every worker: without the start of Ray and
the loading of the network, which are a row of their own. Shards have the size that they have
without being told, 80 of digits and 10 of files, so that each worker does as many. One core means
all of it on one core (``taskset``), Ray's own processes too. Needs two cores that nothing else
uses; the rows in processor time are worth something on a busy machine too.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
from apart import limits, run_apart
from bulk_inputs import cells, write_folder, write_idx
from bulk_memory import peaks_while
from bulk_processor_time import ROWS_PER_FILE, processor_time
from contestants import DIGITS, REPOSITORY
from report import Results, facts, measurements

IDX_ENGINE = "IDX on one core: share of the engine's batch rate"
PNG_LIMIT = "PNG on one core: share of decode and inference alone"
IDX_TIME = "IDX, one worker's processor time: share of the engine's"
PNG_TIME = "PNG, one worker's processor time: share of decode and inference"
SCAN_TIME = "200 × 200 JPEG, one worker's processor time: share of decode and inference"
TWO_IDX = "IDX: two cores against one"
TWO_PNG = "PNG: two cores against one"
LOOP = "PNG: one core against a plain loop"
POOL = "PNG: two cores against multiprocessing on two"
MEMORY = "memory of a worker, private, at most"

ROWS: dict[str, tuple[str, float | None]] = {
    IDX_ENGINE: ("%", 85.0),
    PNG_LIMIT: ("%", 80.0),
    IDX_TIME: ("%", None),
    PNG_TIME: ("%", None),
    SCAN_TIME: ("%", None),
    TWO_IDX: ("×", 1.8),
    TWO_PNG: ("×", 1.8),
    LOOP: ("×", None),
    POOL: ("×", None),
    MEMORY: ("MB", None),
}
"""Unit, and the least that is wanted."""


def run(source: Path, output: Path, cores: str) -> float:
    """Run the command on cores; returns its rate, images a second, once every worker works."""
    command = [sys.executable, "-m", "app.bulk", str(source), str(output)]
    result = subprocess.run(
        ["taskset", "-c", cores, *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    files = sorted(
        (path.stat().st_mtime_ns / 1e9, pq.read_metadata(path).num_rows)
        for path in output.glob("*.parquet")
    )
    begin = len(cores.split(","))
    images: int = sum(rows for _, rows in files[begin:])
    return images / float(files[-1][0] - files[begin - 1][0])


def in_memory(source: Path) -> None:
    """Read an input once, so that no run waits for the disk: what is measured is the processor."""
    for path in source.iterdir() if source.is_dir() else [source]:
        path.read_bytes()


def peer(name: str, folder: Path, output: Path, cores: str) -> float:
    """Images a second of a peer in a process of its own, once all of it works."""
    return float(run_apart(cores, "bulk_peers.py", name, str(folder), str(output)))


def against_each_other(
    results: Results, idx: Path, folder: Path, scratch: Path, rounds: int, seconds: float
) -> None:
    """All of them by turns."""
    for number in range(rounds):
        alone = limits(seconds)
        results["engine alone, digits a second"].append(alone["engine"])
        results["decode and inference alone, images a second"].append(alone["decode_and_infer"])
        for name, source in (("IDX", idx), ("PNG", folder)):
            for cores in ("0", "0,1"):
                in_memory(source)
                rate = run(source, scratch / f"{name}-{cores}-{number}", cores)
                count = len(cores.split(","))
                results[f"{name}, {count} of 2 cores, images a second"].append(rate)
        in_memory(folder)
        results["PNG, plain loop, images a second"].append(
            peer("loop", folder, scratch / "loop.parquet", "0")
        )
        results["PNG, multiprocessing on two cores, images a second"].append(
            peer("pool", folder, scratch / "pool.parquet", "0,1")
        )


def starts(results: Results, scratch: Path, rounds: int) -> None:
    """Seconds of a run of one image: what any run takes besides its images."""
    for number in range(rounds):
        start = time.perf_counter()
        command = [sys.executable, "-m", "app.bulk", str(DIGITS[0]), str(scratch / f"s{number}")]
        subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
        results["run of one image, s"].append(time.perf_counter() - start)


def table(results: Results) -> dict[str, float]:
    """The rows' values, ratios of medians; a row that wasn't measured is left out."""
    of = {name: statistics.median(values) for name, values in results.items()}
    wanted = {
        IDX_ENGINE: ("IDX, 1 of 2 cores, images a second", "engine alone, digits a second"),
        PNG_LIMIT: (
            "PNG, 1 of 2 cores, images a second",
            "decode and inference alone, images a second",
        ),
        TWO_IDX: tuple(f"IDX, {count} of 2 cores, images a second" for count in (2, 1)),
        TWO_PNG: tuple(f"PNG, {count} of 2 cores, images a second" for count in (2, 1)),
        LOOP: ("PNG, 1 of 2 cores, images a second", "PNG, plain loop, images a second"),
        POOL: (
            "PNG, 2 of 2 cores, images a second",
            "PNG, multiprocessing on two cores, images a second",
        ),
    }
    for row, kind in ((IDX_TIME, "IDX"), (PNG_TIME, "PNG"), (SCAN_TIME, "scans")):
        worker, alone = (
            f"{kind}, {w}, images a second of processor time" for w in ("worker", "alone")
        )
        wanted[row] = worker, alone
    values = {
        name: of[one] / of[other] * (100 if ROWS[name][0] == "%" else 1)
        for name, (one, other) in wanted.items()
        if one in of and other in of
    }
    if "worker, private memory at most, MB" in of:
        values[MEMORY] = of["worker, private memory at most, MB"]
    return values


def show(results: Results, values: dict[str, float]) -> None:
    """Print both tables, in Markdown."""
    print("| what | measured | wanted |\n|---|---|---|")
    for name, value in values.items():
        unit, least = ROWS[name]
        print(f"| {name} | {value:.3g} {unit} | {'' if least is None else f'{least:g} {unit}'} |")
    print(f"\n{measurements(results)}")


def write_csv(path: Path, results: Results, values: dict[str, float]) -> None:
    """Everything, with hardware and versions."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "value", "unit", "wanted", "each round"])
        for name, value in values.items():
            unit, least = ROWS[name]
            writer.writerow([name, f"{value:.4g}", unit, "" if least is None else least, ""])
        for name, each in results.items():
            rounds = " ".join(f"{value:.5g}" for value in each)
            writer.writerow([name, f"{statistics.median(each):.5g}", "", "", rounds])
        writer.writerows(facts())
        writer.writerow(["command", " ".join(["python", "benchmarks/bulk.py", *sys.argv[1:]])])
        for package in ("ray", "pyarrow", "onnxruntime", "pillow", "numpy"):
            writer.writerow([package, importlib.metadata.version(package)])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--digits", type=int, default=1_310_720, help="in the IDX file")
    parser.add_argument("--files", type=int, default=163_840, help="PNG files in the folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="for each limit")
    parser.add_argument("--shards", type=int, default=8, help="for the rows in processor time")
    parser.add_argument("--many", type=int, default=0, help="digits for the row of memory")
    parser.add_argument("--csv", type=Path, default=REPOSITORY / "benchmarks/results/bulk.csv")
    options = parser.parse_args()
    results: Results = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="tinydigits-bulk-") as directory:
        scratch = Path(directory)
        idx, folder = scratch / "digits.idx", scratch / "pictures"
        write_idx(idx, options.digits)
        write_folder(folder, options.files, [path.read_bytes() for path in DIGITS])
        scans = scratch / "scans"
        write_folder(scans, options.shards * ROWS_PER_FILE, cells())
        inputs = {"IDX": idx, "PNG": folder, "scans": scans}
        processor_time(results, inputs, scratch, options.shards)
        if options.rounds:
            starts(results, scratch, options.rounds)
            against_each_other(results, idx, folder, scratch, options.rounds, options.seconds)
        if options.many:
            write_idx(scratch / "many.idx", options.many)
            start = time.perf_counter()
            peaks = peaks_while(lambda: run(scratch / "many.idx", scratch / "many", "0,1"))
            results["many digits, s"].append(time.perf_counter() - start)
            for kind, megabytes in peaks.items():
                results[f"{kind}, private memory at most, MB"].append(megabytes)
    values = table(results)
    show(results, values)
    options.csv.parent.mkdir(exist_ok=True)
    write_csv(options.csv, results, values)


if __name__ == "__main__":
    main()
