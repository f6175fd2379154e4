"""The scripts behind the claims of reliability: they run, and they can say no."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from lacking import end_without
from reliability import lines
from soak import FIELDS, verdict


def rows(**last: float) -> list[dict[str, float]]:
    """A soak's rows, all alike but for the last fifth."""
    usual = dict.fromkeys(FIELDS, 10.0) | {"failures": 0.0, "memory_mb": 100.0}
    return [usual] * 40 + [usual | last] * 10


@pytest.mark.parametrize(
    ("last", "wrong"),
    [
        ({}, set()),
        ({"memory_mb": 104.0, "p99_ms": 14.0, "descriptors": 12.0}, set()),
        ({"memory_mb": 106.0}, {"memory"}),
        ({"descriptors": 13.0}, {"descriptors"}),
        ({"p99_ms": 16.0}, {"p99"}),
        ({"p99_ms": float("nan")}, {"p99"}),
        ({"failures": 1.0}, {"answers"}),
    ],
)
def test_soak_tells_what_grows(last: dict[str, float], wrong: set[str]) -> None:
    assert {name for name, (holds, _) in verdict(rows(**last)).items() if not holds} == wrong


def test_restarts_lose_no_request(tmp_path: Path) -> None:
    if shutil.which("haproxy") is None:
        end_without("haproxy")
    command = [sys.executable, "benchmarks/rolling_restart.py", "--rate", "50", "--rounds", "1"]
    path = tmp_path / "restarts.json"
    result = subprocess.run(
        [*command, "--json", str(path)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads(path.read_text())
    assert figures["rolling restart"]["restarts"] == 2
    assert figures["rolling restart"]["requests"] > 50
    assert figures["SIGKILL of a worker"]["connections of the worker"] > 0


def test_table_counts_what_failed(tmp_path: Path) -> None:
    fuzz = {"inputs": 9, "findings": ["one"], "slowest": {"seconds": 0.1}}
    memory = {"warm": 100.0, "end": 101.0, "peak": 150.0}
    (tmp_path / "fuzz.json").write_text(json.dumps(fuzz | {"memory": memory}))
    rolling = {
        "restarts": 2,
        "requests": 70,
        "failures": {"bare: 503": 2},
        "slowest_ms": 9.0,
        "refused": 0,
    }
    kill = {"requests": 50, "failures": {"bare: ConnectionResetError": 6}, "replaced": True}
    kill |= {"connections of the worker": 5, "seconds until replaced": 1.5}
    figures = {"rolling restart": rolling, "SIGKILL of a worker": kill}
    (tmp_path / "restarts.json").write_text(json.dumps(figures))
    table = [",".join(FIELDS)] + [",".join(map(str, row.values())) for row in rows()]
    (tmp_path / "soak.csv").write_text("\n".join(table) + "\n")
    (tmp_path / "overload.csv").write_text(
        "clients,load,kept,least,most,p99,health_p99\nsome,best,,,,20,\n"
        "some,10 times,0.95,0.9,1.0,50,9\nothers,best,,,,20,\nothers,10 times,0.85,0.8,0.9,50,9\n"
    )
    (tmp_path / "faults.json").write_text('{"attempts": 60, "failures": 3}')
    assert [line.failures for line in lines(tmp_path)] == [1, 0, 0, 0, 0, 0, 1, 2, 1, 0, 3]
    assert "memory 100.0 to 101.0 MB" in lines(tmp_path)[0].figures
    (tmp_path / "fuzz.json").write_text(json.dumps(fuzz | {"memory": {"peak": 150.0}}))
    assert "memory not judged" in lines(tmp_path)[0].figures
