"""Faults on purpose, one after the other: how many the service survives, or names in one line.

::

    python benchmarks/faults.py

Each is a test: damaged weights, a port that is taken, no home, a read-only file system, few files
(``test_start.py``), SIGTERM and SIGKILL (``test_stopping.py``), clients that are slow, idle or too
many (``test_connections.py``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from contestants import REPOSITORY

FAULTS = ("tests/test_start.py", "tests/test_stopping.py", "tests/test_connections.py")


def tried() -> dict[str, int]:
    """How many faults were tried, and how many failed."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "faults.xml"
        command = [sys.executable, "-m", "pytest", "-q", *FAULTS, f"--junit-xml={path}"]
        subprocess.run(command, cwd=REPOSITORY, stdout=sys.stderr, check=False)
        suite = ET.parse(path).getroot()[0]
    counts = {name: int(suite.attrib[name]) for name in ("tests", "skipped", "failures", "errors")}
    return {
        "attempts": counts["tests"] - counts["skipped"],
        "failures": counts["failures"] + counts["errors"],
    }


def main() -> int:
    """Try, write; exit status 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, default=REPOSITORY / "benchmarks/results/faults.json")
    options = parser.parse_args()
    found = tried()
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"{found['failures']} of {found['attempts']} faults failed")
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
