"""A short part of what ``make fuzz`` does at length."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from fuzz import ENOUGH_FOR_MEMORY, GROWTH, SAMPLE, WARM_UP, memory_ends
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


def test_growth_of_memory_is_seen_behind_peaks() -> None:
    samples = ENOUGH_FOR_MEMORY // SAMPLE
    flat = [100.0 + min(sample, WARM_UP // SAMPLE) / 10 for sample in range(samples)]
    for sample in range(7, samples, 10):  # of single large pictures
        flat[sample] = 800.0
    warm, end = memory_ends(flat)
    assert end == warm == 120.0
    leak = [memory + sample / 5 for sample, memory in enumerate(flat)]
    warm, end = memory_ends(leak)
    assert end > warm * (1 + GROWTH)
