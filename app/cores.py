"""How many cores this process may really use: its affinity and its container's quota."""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("sys/fs/cgroup")


def available_cores(root: Path = Path("/")) -> int:
    """Whole cores available, at least 1.

    A container that may use half of a machine still sees all of its cores; only its control group
    says how much time it gets on them. Both versions of control groups are read, and every group
    from the process's own to the outermost, since each may limit.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = float(len(os.sched_getaffinity(0)))
    else:
        cores = float(os.cpu_count() or 1)
    return max(1, int(min([cores, *_quotas(root)])))


def _quotas(root: Path) -> list[float]:
    """Cores that each control group allows."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return []
    quotas = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / CGROUPS / controllers
        path = top / group.lstrip("/")
        # In a container the outermost group may be the container's own, under another name.
        while not path.is_dir() and path != top:
            path = path.parent
        while path.is_relative_to(top):
            quotas.append(_quota_v1(path) if controllers else _quota_v2(path))
            path = path.parent
    return [quota for quota in quotas if quota is not None]


def _quota_v2(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except OSError:  # the outermost group has none
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(group: Path) -> float | None:
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text())
        period = int((group / "cpu.cfs_period_us").read_text())
    except OSError:
        return None
    return None if quota < 0 else quota / period
