"""The memory of bulk scoring's processes while they work, from Linux's ``/proc``."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from meanwhile import Meanwhile

SECONDS = 1
"""Between two looks."""


def peaks_while(work: Callable[[], object]) -> dict[str, float]:
    """The most private megabytes that a process of each kind holds while some work is done."""
    peaks: dict[str, float] = defaultdict(float)
    with Meanwhile(_private_memory) as looks:
        work()
    for kind, megabytes in chain.from_iterable(looks.results()):
        peaks[kind] = max(peaks[kind], megabytes)
    return peaks


def _private_memory() -> list[tuple[str, float]]:
    """Kind and private megabytes of this run's processes, after a while."""
    time.sleep(SECONDS)
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            kind = (
                "worker"
                if command.startswith("ray::") and "Map" in command
                else "driver"
                if " -m app.bulk" in command
                else None
            )
            if kind:
                lines = (directory / "smaps_rollup").read_text().splitlines()
                kilobytes = sum(int(line.split()[1]) for line in lines if "Private_" in line)
                found.append((kind, kilobytes / 1000))
        except OSError:  # it ended meanwhile
            continue
    return found
