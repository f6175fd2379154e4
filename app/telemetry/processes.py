"""What Linux says of the workers, for Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


def processes(pids: Sequence[int]) -> Iterator[Metric]:
    """Their figures, by the names that prometheus_client gives those of its own process."""
    seconds = CounterMetricFamily("process_cpu_seconds", "Processor time.", labels=("worker",))
    memory = GaugeMetricFamily(
        "process_resident_memory_bytes", "Resident memory.", labels=("worker",)
    )
    files = GaugeMetricFamily("process_open_fds", "Open file descriptors.", labels=("worker",))
    start = GaugeMetricFamily(
        "process_start_time_seconds", "Start, seconds since 1970.", labels=("worker",)
    )
    for worker, pid in enumerate(pids):
        directory = Path(f"/proc/{pid}")
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
            pages = int((directory / "statm").read_text().split()[1])
            count = len(list((directory / "fd").iterdir()))
            uptime = float(Path("/proc/uptime").read_text().split()[0])
        except OSError:  # not Linux, or it ended and has no successor yet
            continue
        ticks = os.sysconf("SC_CLK_TCK")
        label = (str(worker),)
        seconds.add_metric(label, (int(fields[11]) + int(fields[12])) / ticks)
        memory.add_metric(label, pages * os.sysconf("SC_PAGE_SIZE"))
        files.add_metric(label, count)
        start.add_metric(label, time.time() - uptime + int(fields[19]) / ticks)
    yield from (seconds, memory, files, start)
