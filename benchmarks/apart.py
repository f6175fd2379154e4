"""Scripts of the benchmarks, each in a process of its own on cores of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from contestants import REPOSITORY


def run_apart(cores: str, script: str, *arguments: str) -> str:
    """What a script beside this one prints, run on cores such as ``0`` or ``0,1``."""
    return subprocess.run(
        ["taskset", "-c", cores, sys.executable, f"benchmarks/{script}", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def limits(seconds: float) -> dict[str, float]:
    """What one core does without HTTP or Ray, from ``limit.py``."""
    found: dict[str, float] = json.loads(run_apart("0", "limit.py", "--seconds", str(seconds)))
    return found
