"""Hours of ordinary life in minutes: good and bad requests at 70 % load; nothing may grow.

::

    python benchmarks/soak.py --minutes 30

The service has one core, the generator another. First the load that it sustains is measured (a few
connections ask again as soon as they are answered), then requests come at random moments at 70 % of
it. Every few seconds memory, descriptors and latencies are noted: a row of the CSV. The first fifth
is warm-up. Exit status 1 unless memory, descriptors and latencies are flat and each request got the
status that it has to get.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import uvloop
from contestants import OURS, REPOSITORY, Service, running
from traffic import Traffic, mixed

LOAD, WARM_UP = 0.7, 0.2
MEMORY_GROWTH, LATENCY_GROWTH = 1.05, 1.5
"""Last fifth over the first after the warm-up, at most. A neighbour on the machine moves a p99."""
ROWS_PER_RUN = 120
SERVER, GENERATOR = {0}, {1}
FIELDS = ("seconds", "requests", "failures", "p50_ms", "p99_ms", "memory_mb", "descriptors")
RESULTS = REPOSITORY / "benchmarks/results/soak.csv"
Row = dict[str, Any]


async def soak(service: Service, seconds: float) -> tuple[float, list[Row], str]:
    """The rate, a row for each interval, and the kinds of failures."""
    traffic = Traffic(service.port, mixed())
    rate = LOAD * await traffic.closed_loop(min(10, seconds / 5))
    print(f"{rate:.0f} requests a second for {seconds / 60:.1f} minutes", file=sys.stderr)
    start, rows, failures = time.monotonic(), list[Row](), list[str]()
    interval = seconds / ROWS_PER_RUN
    task = asyncio.create_task(traffic.run(rate, lambda: time.monotonic() - start < seconds))
    for number in range(1, ROWS_PER_RUN + 1):
        await asyncio.sleep(max(0, start + number * interval - time.monotonic()))
        window = traffic.take_window()
        failures += [*window.failures, *["refused"] * bool(window.refused)]
        descriptors = len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))
        values = (window.percentile(50), window.percentile(99), service.resident_megabytes())
        row = (
            number * interval,
            window.requests,
            window.failures.total() + window.refused,
            *values,
            descriptors,
        )
        rows.append({name: round(value, 3) for name, value in zip(FIELDS, row, strict=True)})
    await task
    traffic.close()
    return rate, rows, ", ".join(sorted(set(failures)))


def verdict(rows: list[Row]) -> dict[str, tuple[bool, str]]:
    """What was asked for: whether it holds, and the figures."""
    part = round(len(rows) * WARM_UP)

    def ends(name: str) -> tuple[float, float]:
        first, last = rows[part : 2 * part], rows[-part:]
        return (
            statistics.median(row[name] for row in first),
            statistics.median(row[name] for row in last),
        )

    (memory, memory_end), (p99, p99_end) = ends("memory_mb"), ends("p99_ms")
    files, files_end = ends("descriptors")
    requests, failures = (sum(row[name] for row in rows) for name in ("requests", "failures"))
    return {
        "memory": (
            memory_end <= memory * MEMORY_GROWTH,
            f"{memory:.1f} to {memory_end:.1f} MB ({memory_end / memory - 1:+.1%})",
        ),
        "descriptors": (files_end <= files + 2, f"{files:.0f} to {files_end:.0f}"),
        "p99": (p99_end <= p99 * LATENCY_GROWTH, f"{p99:.1f} to {p99_end:.1f} ms"),
        "answers": (failures == 0, f"{failures:,} of {requests:,} requests failed"),
    }


def draw(rows: list[Row], path: Path) -> None:
    """Memory, descriptors and latencies over time."""
    figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
    minutes = [row["seconds"] / 60 for row in rows]
    for panel, (title, names) in zip(
        axes,
        {
            "memory, MB": ["memory_mb"],
            "descriptors": ["descriptors"],
            "latency, ms": ["p50_ms", "p99_ms"],
        }.items(),
        strict=True,
    ):
        for name, style in zip(names, ("-", ":"), strict=False):
            values = [row[name] for row in rows]
            panel.plot(minutes, values, style, color="#0b6e4f", label=name.partition("_")[0])
        top = 1.15 * max(row[name] for row in rows for name in names)
        panel.set(title=title, xlabel="minutes", ylim=(0, top))
        panel.axvspan(0, minutes[-1] * WARM_UP, color="0.93")
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    axes[2].legend(frameon=False)
    figure.savefig(path, dpi=130)


def read(path: Path) -> list[Row]:
    """The rows of a run's CSV."""
    with path.open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def main() -> int:
    """Soak, write, draw, judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--csv", type=Path, default=RESULTS)
    parser.add_argument("--png", type=Path, default=REPOSITORY / "docs/images/soak.png")
    options = parser.parse_args()
    with running(OURS, SERVER) as service:
        os.sched_setaffinity(0, GENERATOR)
        _, rows, failures = uvloop.run(soak(service, options.minutes * 60))
    with options.csv.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, options.png)
    judged = verdict(rows)
    for name, (holds, figures) in judged.items():
        print(f"{name}: {'flat' if holds else 'NOT FLAT'}, {figures}")
    if failures:
        print(f"failures: {failures}")
    return 0 if all(holds for holds, _ in judged.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
