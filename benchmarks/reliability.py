"""The figures of reliability in one table: attempts, failures, load held, faults survived.

::

    python benchmarks/reliability.py          # of the recorded runs in benchmarks/results
    python benchmarks/reliability.py --run    # of short runs, made now: five minutes

Exit status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import soak
from contestants import REPOSITORY

RESULTS = REPOSITORY / "benchmarks/results"
SHORT = {
    "fuzz": ["benchmarks/fuzz.py", "--seconds", "30", "--json", "fuzz.json"],
    "restarts": ["benchmarks/rolling_restart.py", "--rounds", "2", "--json", "restarts.json"],
    "soak": ["benchmarks/soak.py", "--minutes", "1", "--csv", "soak.csv", "--png", "soak.png"],
    "overload": [
        *("benchmarks/overload.py", "--seconds", "4", "--rounds", "1", "--csv", "overload.csv")
    ],
    "faults": ["benchmarks/faults.py", "--json", "faults.json"],
}
"""Commands of the short runs; a name of a file is of one in the directory of results."""


KEPT = 0.9
"""Share of the best throughput that ten times the load has to leave."""


class Line(NamedTuple):
    """One claim: how often it was tried, how often it failed, and the figures."""

    what: str
    attempts: int
    failures: int
    figures: str


def run_short(directory: Path) -> None:
    """Run the pieces into a directory; what they find is in their results."""
    for name, command in SHORT.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        suffixes = (".json", ".csv", ".png")
        paths = [str(directory / word) if word.endswith(suffixes) else word for word in command]
        subprocess.run([sys.executable, *paths], cwd=REPOSITORY, capture_output=True, check=False)


def lines(directory: Path) -> list[Line]:
    """The table of the results in a directory; FileNotFoundError if one is missing."""
    fuzz: dict[str, Any] = json.loads((directory / "fuzz.json").read_text())
    restarts: dict[str, Any] = json.loads((directory / "restarts.json").read_text())
    rolling, kill = restarts["rolling restart"], restarts["SIGKILL of a worker"]
    rows = soak.read(directory / "soak.csv")
    judged = soak.verdict(rows)
    with (directory / "overload.csv").open() as file:
        overloads = [row for row in csv.DictReader(file) if row["kept"]]
    faults: dict[str, int] = json.loads((directory / "faults.json").read_text())
    requests = round(sum(row["requests"] for row in rows))
    memory, slowest = fuzz["memory"], fuzz["slowest"]
    long = "warm" in memory  # enough to judge it
    held = f"{memory['warm']} to {memory['end']} MB" if long else "not judged"
    lost, own = sum(kill["failures"].values()), kill["connections of the worker"]
    return [
        Line(
            "damaged requests",
            fuzz["inputs"],
            len(fuzz["findings"]),
            f"slowest {slowest['seconds'] * 1000:.0f} ms; memory {held}, peak {memory['peak']} MB",
        ),
        Line(
            f"soak, {rows[-1]['seconds'] / 60:.0f} minutes at 70 % load",
            requests,
            round(sum(row["failures"] for row in rows)),
            f"{requests / rows[-1]['seconds']:.0f} requests/s held",
        ),
        *(
            Line(f"soak: {name} flat", 1, int(not holds), figures)
            for name, (holds, figures) in judged.items()
            if name != "answers"
        ),
        *(
            Line(
                f"{row['load']}: {row['clients']}",
                1,
                int(float(row["kept"]) < KEPT),
                f"{float(row['kept']):.0%} of the best throughput kept ({float(row['least']):.0%} "
                f"to {float(row['most']):.0%}); p99 of all that was accepted "
                f"{float(row['p99']):.0f} ms, of health {float(row['health_p99']):.0f} ms",
            )
            for row in overloads
        ),
        Line(
            f"requests during {rolling['restarts']} rolling restarts",
            rolling["requests"],
            sum(rolling["failures"].values()),
            f"slowest {rolling['slowest_ms']:.0f} ms; {rolling['refused']} refused for being busy",
        ),
        Line(
            "a worker's SIGKILL: requests of others lost",
            kill["requests"] - min(lost, own),
            max(0, lost - own),
            f"{lost} of its own, on {own} connections; replaced after "
            f"{kill['seconds until replaced']} s",
        ),
        Line("killed workers replaced", 1, int(not kill["replaced"]), ""),
        Line("faults survived, or named at the start", faults["attempts"], faults["failures"], ""),
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", action="store_true", help="make short runs first")
    options = parser.parse_args()
    try:
        if options.run:
            with tempfile.TemporaryDirectory() as directory:
                run_short(Path(directory))
                table = lines(Path(directory))
        else:
            table = lines(RESULTS)
    except FileNotFoundError as exc:
        print(f"error: there is no {Path(exc.filename).name}: its run is missing", file=sys.stderr)
        return 1
    print(f"{'':48}{'attempts':>10}{'failures':>10}")
    for line in table:
        print(f"{line.what:48}{line.attempts:>10,}{line.failures:>10,}  {line.figures}")
    return 1 if any(line.failures for line in table) else 0


if __name__ == "__main__":
    sys.exit(main())
