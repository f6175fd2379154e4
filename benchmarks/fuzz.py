"""Damaged requests by the thousand, against a running service: no 500, no hang, no memory lost.

::

    python benchmarks/fuzz.py --inputs 1000000 --json benchmarks/results/fuzz.json

Good requests of every kind (``mutations.py``) are damaged at random and sent to a service in a
process of its own, which is watched: a status of 500 or more, no answer, also on a new connection,
an answer that takes longer than a second, and memory that grows are findings; any of them ends in
exit status 1. Findings are kept in ``runs/fuzz/``.

Slow answers are asked for again, alone, at the end: on a busy machine the first time says little.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import uvloop
from contestants import OURS, REPOSITORY, Service, running
from mutations import Input, mutated, seeds
from report import hardware
from traffic import NO_ANSWER, Connection

CONNECTIONS = 4
HANG = 1.0
"""Seconds that an answer may take."""
SAMPLE = 1_000
"""Inputs between two looks at the memory."""
WARM_UP, GROWTH = 200_000, 0.05
"""Inputs during which memory may grow, while the allocator finds its size, and by which share of it
afterwards."""
ENOUGH_FOR_MEMORY = 300_000
"""Inputs from which on memory is judged: `make fuzz` in its ten minutes sends more."""
ENDS = 0.2
"""Share of the inputs after the warm-up that are its beginning, and of those that are its end."""
FINDINGS = REPOSITORY / "runs/fuzz"


@dataclass
class Report:
    """What a run found.

    Attributes:
        statuses: how many answers of each status.
        repeated: how many were not answered the first time, on a connection that was made before.
        slowest: seconds, kind and index of the input whose answer took longest, asked alone.
        memory: of the service, MB: after the warm-up, at the end, and the most it ever was; the
            first two only if there were enough inputs to judge it.
    """

    seed: int
    inputs: int = 0
    seconds: float = 0.0
    repeated: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)


class Fuzzer:
    """Sends mutated inputs until there were enough, or the time is over."""

    def __init__(self, service: Service, seed: int, inputs: int, seconds: float) -> None:
        self.service, self.limit, self.seconds = service, inputs, seconds
        self.report = Report(seed)
        self._seeds = seeds()
        self._next = 0
        self._slow: list[tuple[float, int]] = []
        self._resident: list[float] = []

    async def run(self) -> Report:
        """Fuzz, then look again at what was slow and at the memory."""
        report, start = self.report, time.monotonic()
        tasks = [asyncio.create_task(self._connection(start)) for _ in range(CONNECTIONS)]
        await asyncio.gather(*tasks)
        report.seconds = round(time.monotonic() - start, 1)
        await self._ask_slow_ones_again()
        self._judge_memory()
        return report

    async def _connection(self, start: float) -> None:
        connection = Connection(self.service.port)
        while self._next < self.limit and time.monotonic() - start < self.seconds:
            index, self._next = self._next, self._next + 1
            if index % SAMPLE == 0:
                self._resident.append(self.service.resident_megabytes())
            if index % 100_000 == 0:
                print(f"{index:,}: {dict(self.report.statuses)}", file=sys.stderr, flush=True)
            await self._try(connection, index)
        connection.close()

    async def _try(self, connection: Connection, index: int) -> None:
        one = mutated(self.report.seed, index, self._seeds)
        self.report.inputs += 1
        self.report.kinds[one.kind] += 1
        began = time.perf_counter()
        try:
            status = await connection.ask(one)
        except NO_ANSWER:  # perhaps the service was just closing an idle connection
            self.report.repeated += 1
            try:
                status = await connection.ask(one)
            except NO_ANSWER as exc:
                self._found(index, one, f"no answer: {exc!r}")
                if self.service.process.poll() is not None:
                    raise RuntimeError(f"the service ended at input {index}") from exc
                return
        self._slow = sorted([*self._slow, (time.perf_counter() - began, index)])[-20:]
        self.report.statuses[status] += 1
        if status >= 500:
            self._found(index, one, f"status {status}")

    async def _ask_slow_ones_again(self) -> None:
        slowest = (0.0, 0)
        for _, index in self._slow:
            one, connection = (
                mutated(self.report.seed, index, self._seeds),
                Connection(self.service.port),
            )
            times = []
            for _ in range(3):
                began = time.perf_counter()
                with suppress(*NO_ANSWER):  # told already
                    await connection.ask(one)
                times.append(time.perf_counter() - began)
            connection.close()
            slowest = max(slowest, (min(times), index))
            if min(times) > HANG:
                self._found(index, one, f"{min(times):.1f} s")
        seconds, index = slowest
        kind = mutated(self.report.seed, index, self._seeds).kind
        self.report.slowest = {"seconds": round(seconds, 4), "kind": kind, "index": index}

    def _judge_memory(self) -> None:
        status = Path(f"/proc/{self.service.process.pid}/status").read_text()
        peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024 / 1e6
        self.report.memory = {"peak": round(peak, 1)}
        if self.report.inputs < ENOUGH_FOR_MEMORY:
            return
        warm, end = memory_ends(self._resident)
        self.report.memory |= {"warm": round(warm, 1), "end": round(end, 1)}
        if end > warm * (1 + GROWTH):
            self.report.findings.append(f"memory grew from {warm:.1f} to {end:.1f} MB")

    def _found(self, index: int, one: Input, what: str) -> None:
        self.report.findings.append(f"input {index} ({one.kind}, {one.path}): {what}")
        FINDINGS.mkdir(parents=True, exist_ok=True)
        (FINDINGS / f"{self.report.seed}-{index}").write_bytes(one.body)


def memory_ends(resident: Sequence[float]) -> tuple[float, float]:
    """Memory after the warm-up, and at the end: medians, since single large pictures are peaks.

    Args:
        resident: MB, each ``SAMPLE`` inputs from the first on; ``ENOUGH_FOR_MEMORY`` of them.
    """
    warm = resident[WARM_UP // SAMPLE :]
    part = int(len(warm) * ENDS)
    return median(warm[:part]), median(warm[-part:])


def main() -> int:
    """Fuzz, print and write the report; exit status 1 if there are findings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=sys.maxsize, help="until there were so many")
    parser.add_argument("--seconds", type=float, default=86_400, help="or so long")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the mutations")
    parser.add_argument("--cores", default="0", help="of the service, separated by commas")
    parser.add_argument("--json", type=Path, help="file for the report")
    options = parser.parse_args()
    cores = {int(core) for core in options.cores.split(",")}
    with running(OURS, cores) as service:
        fuzzer = Fuzzer(service, options.seed, options.inputs, options.seconds)
        report = uvloop.run(fuzzer.run())
    about = {
        "versions": OURS.versions(),
        "hardware": hardware(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    text = json.dumps({**vars(report), **about}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
