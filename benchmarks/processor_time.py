"""Processor time of a picture: this checkout against another, by turns.

::

    git worktree add ../before main
    python benchmarks/processor_time.py --against ../before

Each service has one core, ``wrk`` the other. All threads of the service count, as the scheduler
does (``/proc/PID/task/*/schedstat``), so a busy machine disturbs it less than it does a rate. Both
run in this environment.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from contestants import REPOSITORY, Contestant, Service, running
from report import Results, hardware, measurements
from wrk import wrk

SERVER, GENERATOR = {0}, {1}
LOADS = {
    "form, 16 connections": (False, 16, 28),
    "bare body, 16 connections": (True, 16, 28),
    "bare body, one connection": (True, 1, 28),
    "bare body of 300×300, 4 connections": (True, 4, 300),
}
"""Whether the body is bare, how many connections ask, and the pixels of the picture's sides."""
NAMES = ("other", "this")


def served_from(name: str, tree: Path) -> Contestant:
    """The service of a checkout."""
    directory = str(tree.resolve())
    return Contestant(
        name, lambda bin_, _: ["env", "-C", directory, f"{bin_}/python", "-m", "app"], None, True
    )


def processor_seconds(service: Service) -> float:
    """Of all threads of its process, so far."""
    tasks = Path(f"/proc/{service.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def compare(services: Sequence[Service], seconds: int, rounds: int) -> Results:
    """Microseconds a request, for each load and service."""
    results: Results = defaultdict(list)
    for service in services:
        wrk(service.port, GENERATOR, 16, 1)
        service.pause()
    for number in range(rounds):
        for service in services if number % 2 else reversed(services):
            service.resume()
            for load, (bare, connections, side) in LOADS.items():
                before = processor_seconds(service)
                report = wrk(service.port, GENERATOR, connections, seconds, bare=bare, side=side)
                spent = processor_seconds(service) - before
                microseconds = 1e6 * spent / (report.rate * report.seconds)
                results[f"{load}, {service.contestant.name}, µs"].append(microseconds)
            service.pause()
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--against", type=Path, required=True, help="another checkout")
    parser.add_argument("--seconds", type=int, default=2, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    trees = zip(NAMES, (options.against, REPOSITORY), strict=True)
    with ExitStack() as stack:
        services = [stack.enter_context(running(served_from(*one), SERVER)) for one in trees]
        os.sched_setaffinity(0, GENERATOR)
        results = compare(services, options.seconds, options.rounds)
    print(f"{hardware()}\n\n{measurements(results)}\n")
    for load in LOADS:
        other, this = (statistics.median(results[f"{load}, {name}, µs"]) for name in NAMES)
        print(f"{load}: {this / other - 1:+.1%}")


if __name__ == "__main__":
    main()
