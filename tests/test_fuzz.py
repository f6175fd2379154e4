"""A short part of what ``make fuzz`` does at length."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from mutations import mutated, seeds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_damaged_requests_are_answered(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sys.executable, "benchmarks/fuzz.py", "--seconds", "5", "--json", str(report)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    counts = json.loads(report.read_text())
    assert counts["inputs"] > 100
    assert {"200", "400", "415"} <= counts["statuses"].keys()


def test_inputs_are_the_same_for_the_same_seed() -> None:
    inputs = seeds()
    assert mutated(3, 5, inputs) == mutated(3, 5, inputs)
    assert len({mutated(3, index, inputs).body for index in range(200)}) > 190
