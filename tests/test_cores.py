"""``WORKERS=auto``: the cores that the process may really use."""

import os
from pathlib import Path

import pytest

from app.cores import available_cores
from app.settings import Settings

V1 = "sys/fs/cgroup/cpu,cpuacct"
QUOTAS = {
    "no limit, v2": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, 8),
    "two cores, v2": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
    "two and a half, v2": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "250000 100000"},
        2,
    ),
    "half a core, v2": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "50000 100000"}, 1),
    "limited by an outer group, v2": (
        {
            "proc/self/cgroup": "0::/pod/container",
            "sys/fs/cgroup/pod/container/cpu.max": "max 100000",
            "sys/fs/cgroup/pod/cpu.max": "300000 100000",
        },
        3,
    ),
    "group of another name, v2": (
        {"proc/self/cgroup": "0::/../elsewhere", "sys/fs/cgroup/cpu.max": "400000 100000"},
        4,
    ),
    "no limit, v1": (
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/\n0::/",
            f"{V1}/cpu.cfs_quota_us": "-1",
            f"{V1}/cpu.cfs_period_us": "100000",
        },
        8,
    ),
    "three cores, v1": (
        {
            "proc/self/cgroup": "5:memory:/pod\n4:cpu,cpuacct:/pod\n0::/",
            f"{V1}/pod/cpu.cfs_quota_us": "300000",
            f"{V1}/pod/cpu.cfs_period_us": "100000",
        },
        3,
    ),
    "no control groups": ({}, 8),
}


@pytest.mark.parametrize("case", QUOTAS)
def test_cores_are_those_of_the_control_group(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    files, expected = QUOTAS[case]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert available_cores(tmp_path) == expected


def test_no_more_cores_than_the_affinity_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert available_cores(tmp_path) == 1


def test_auto_takes_them() -> None:
    assert Settings(workers="auto").workers == available_cores()
