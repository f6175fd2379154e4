"""What the benchmarks' tables and files have in common."""

from __future__ import annotations

import datetime
import platform
import statistics
from pathlib import Path

Results = dict[str, list[float]]
"""Name of a measurement, and its value in each round."""


def hardware() -> str:
    """The processor, as the machine names it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    cores = sum(line.startswith("processor") for line in lines)
    return f"{model}, {cores} cores, {platform.system()} {platform.release().partition('-')[0]}"


def facts() -> list[tuple[str, str]]:
    """When and where something is measured, as the last rows of its file."""
    date = datetime.date.today().isoformat()
    return [("date", date), ("hardware", hardware()), ("python", platform.python_version())]


def measurements(results: Results) -> str:
    """All measurements in Markdown: medians, and each round."""
    lines = ["| measurement | median | each round |", "|---|---|---|"]
    for name, each in results.items():
        rounds = ", ".join(f"{value:,.4g}" for value in each)
        lines.append(f"| {name} | {statistics.median(each):,.4g} | {rounds} |")
    return "\n".join(lines)
