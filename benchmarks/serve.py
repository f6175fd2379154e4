"""The digit services against each other and against the limit of the machine, in one table.

::

    python benchmarks/serve.py

Each service gets one core and ``wrk`` the other; all are started at once, those that are not being
measured are paused, and the measurements go round and round (A B C A B C …), so that a machine that
gets slower does so for all. Peers are installed on the first run. Needs ``wrk`` and two cores.

How two workers are measured where there is no third core for the generator: ``wrk`` has a thread
on each of their cores, as it has on the core of one worker, so that it disturbs both alike, and the
time that it took is taken out of both: rate ÷ (1 - share of wrk). Time in which a core was idle,
because requests were spread unevenly, stays in.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import os
import statistics
import struct
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from apart import limits
from contestants import (
    CONTESTANTS,
    DIGITS,
    NAIVE,
    ON_OUR_ENGINE,
    OURS,
    REPOSITORY,
    Service,
    running,
    versions,
)
from load import Load, measure, request_bytes
from meanwhile import Meanwhile
from PIL import Image
from preprocessing import encoded, photo
from report import Results, facts, measurements
from wrk import wrk

from app.recognizer import Recognizer

SERVER, GENERATOR = {0}, {1}
CONNECTIONS = 16
BATCH = 10_000
AT_REST = 1.5
"""Seconds after the last answer when memory is read: what is free has been given back by then."""
SMALL_RATE = 200
"""Small pictures a second beside the photos."""

FORM, BARE, ONE = "form, 16 connections, 1/s", "bare body, 16 connections, 1/s", "median of one, ms"

ROWS = {
    "multipart /predict, 16 connections, ratio to naive": ("×", 3.0, 4.5),
    "bare-body /predict, ratio to naive": ("×", 4.5, 6.0),
    "latency at one connection, median": ("ms", 0.45, 0.30),
    "share of the HTTP-free limit, bare body": ("%", 60.0, 85.0),
    "/predict/batch, 10,000 digits: share of the engine": ("%", 85.0, 97.0),
    "two workers on two cores against one on one": ("×", 1.8, 1.95),
    "memory of one worker": ("MB", 110.0, 80.0),
    "start of a process to ready": ("s", 1.2, 0.6),
    "p99 of small pictures beside 12-megapixel photos": ("ms", 20.0, 20.0),
}
"""Unit, what is not done below (or above), and the target."""


def against_each_other(results: Results, seconds: float, rounds: int) -> None:
    """Throughput of all, and of ours what only ours has."""
    recognizer = Recognizer.load(REPOSITORY / "weights")
    with ExitStack() as stack:
        services = [stack.enter_context(running(one, SERVER)) for one in CONTESTANTS]
        for service in services:
            service.check(recognizer)
            service.pause()
        for _ in range(rounds):
            for service in services:
                service.resume()
                name = service.contestant.name
                report = wrk(service.port, GENERATOR, CONNECTIONS, seconds)
                results[f"{name}, {FORM}"].append(report.rate)
                if service.contestant.bare:
                    only_ours(results, service, seconds)
                service.pause()
            ours, other = (results[f"{one.name}, {FORM}"][-1] for one in (OURS, ON_OUR_ENGINE))
            results[f"ratio to {ON_OUR_ENGINE.name}, form"].append(ours / other)


def only_ours(results: Results, service: Service, seconds: float) -> None:
    """Bare bodies, one connection, batches, and right after them the limit."""
    report = wrk(service.port, GENERATOR, CONNECTIONS, seconds, bare=True)
    results[f"{OURS.name}, {BARE}"].append(report.rate)
    report = wrk(service.port, GENERATOR, 1, seconds, bare=True)
    results[f"{OURS.name}, {ONE}"].append(report.p50)
    results["batch, digits/s"].append(batch_rate(service.port))
    time.sleep(AT_REST)
    results["memory, MB"].append(service.resident_megabytes())
    service.pause()
    limit = limits(seconds)
    results["limit: decode and infer, 1/s"].append(limit["decode_and_infer"])
    results["limit: engine, digits/s"].append(limit["engine"])
    service.resume()


def batch_rate(port: int) -> float:
    """Digits a second of one IDX body of 10,000, from its first byte to the answers' last."""
    digits = np.stack([np.asarray(Image.open(path)) for path in DIGITS])
    images = np.tile(digits, (BATCH // len(digits), 1, 1))
    body = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape) + images.tobytes()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    start = time.perf_counter()
    connection.request("POST", "/predict/batch", body)
    content = connection.getresponse().read()
    spent = time.perf_counter() - start
    connection.close()
    found = [answer["digit"] for answer in json.loads(content)["answers"]]
    if found != [int(path.name[0]) for path in DIGITS] * (BATCH // len(DIGITS)):
        raise RuntimeError("the batch's answers are wrong")
    return BATCH / spent


def workers(results: Results, seconds: float, rounds: int) -> None:
    """Two workers on two cores and one on one, by turns."""
    both = SERVER | GENERATOR
    with running(OURS, SERVER, WORKERS="1") as one, running(OURS, both, WORKERS="2") as two:
        two.wait_for_workers(2)
        two.pause()
        for _ in range(rounds):
            report = wrk(one.port, SERVER, CONNECTIONS, seconds)
            results["one worker with wrk, 1/s"].append(report.rate)
            results["one worker, wrk's share taken out, 1/s"].append(report.rate_beside)
            one.pause()
            two.resume()
            report = wrk(two.port, both, 2 * CONNECTIONS, seconds)
            results["two workers with wrk, 1/s"].append(report.rate)
            results["two workers, wrk's share taken out, 1/s"].append(report.rate_beside)
            two.pause()
            one.resume()


def starts(results: Results, rounds: int) -> None:
    """Seconds from the start of the process to the first 200 of /health/ready."""
    for _ in range(rounds):
        service = Service(OURS, SERVER)
        results["start, s"].append(service.wait())
        service.stop()


def beside_photos(results: Results, seconds: float) -> None:
    """Small pictures alone, and beside two clients that send photos without a pause."""
    data = encoded(photo(4032, 3024), "JPEG")
    small = request_bytes("/predict", DIGITS[0].read_bytes(), "image/png")
    with running(OURS, SERVER) as service:
        alone = measure("127.0.0.1", service.port, Load(small, SMALL_RATE, seconds))
        with Meanwhile(lambda: service.ask(data, bare=True), threads=2) as photos:
            beside = measure("127.0.0.1", service.port, Load(small, SMALL_RATE, seconds))
        answered = photos.results()
    if alone["failures"] or beside["failures"]:
        raise RuntimeError(f"failed: {alone} {beside}")
    results["p99 alone, ms"].append(alone["p99"])
    results["p99 beside photos, ms"].append(beside["p99"])
    results["photos meanwhile"].append(len(answered))


def table(results: Results) -> dict[str, float]:
    """The rows' values, ratios of medians."""
    of = {name: statistics.median(values) for name, values in results.items()}
    naive = of[f"{NAIVE.name}, {FORM}"]
    bare = of[f"{OURS.name}, {BARE}"]
    values = (
        of[f"{OURS.name}, {FORM}"] / naive,
        bare / naive,
        of[f"{OURS.name}, {ONE}"],
        100 * bare / of["limit: decode and infer, 1/s"],
        100 * of["batch, digits/s"] / of["limit: engine, digits/s"],
        of["two workers, wrk's share taken out, 1/s"]
        / of["one worker, wrk's share taken out, 1/s"],
        max(results["memory, MB"]),
        of["start, s"],
        of["p99 beside photos, ms"],
    )
    return dict(zip(ROWS, values, strict=True))


def show(results: Results, values: dict[str, float]) -> str:
    """Both tables, in Markdown."""
    out = io.StringIO()
    print("| what | measured | not done below | target | |\n|---|---|---|---|---|", file=out)
    for name, value in values.items():
        unit, floor, target = ROWS[name]
        more = floor < target
        verdict = (
            "target"
            if (value >= target) == more or value == target
            else "done"
            if (value >= floor) == more
            else "**missed**"
        )
        cells = (f"{number:.3g} {unit}" for number in (value, floor, target))
        print(f"| {name} | {' | '.join(cells)} | {verdict} |", file=out)
    print(f"\n{measurements(results)}", file=out)
    return out.getvalue()


def write_csv(path: Path, results: Results, values: dict[str, float]) -> None:
    """Everything, with hardware and versions."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "value", "unit", "not done below", "target", "each round"])
        for name, value in values.items():
            writer.writerow([name, f"{value:.4g}", *ROWS[name], ""])
        for name, each in results.items():
            rounds = " ".join(f"{value:.5g}" for value in each)
            writer.writerow([name, f"{statistics.median(each):.5g}", "", "", "", rounds])
        writer.writerows([*facts(), *versions()])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--csv", type=Path, default=REPOSITORY / "benchmarks/results/serve.csv")
    options = parser.parse_args()
    for one in CONTESTANTS:
        one.install()
    os.sched_setaffinity(0, GENERATOR)  # what only watches shall not disturb the server
    results: Results = defaultdict(list)
    against_each_other(results, options.seconds, options.rounds)
    workers(results, options.seconds, options.rounds)
    starts(results, 5)
    beside_photos(results, options.seconds)
    values = table(results)
    print(show(results, values))
    options.csv.parent.mkdir(exist_ok=True)
    write_csv(options.csv, results, values)


if __name__ == "__main__":
    main()
