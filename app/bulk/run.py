"""Shards on Ray: which machine does which, and what becomes of them when machines fail."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import ray
import ray.data

from app.bulk.errors import BulkError
from app.bulk.sink import Tally
from app.bulk.work import Job, as_row
from app.cores import available_cores

OBJECT_STORE = 100 * 1024 * 1024
"""Bytes of shared memory: only counts go through it, so it is as small as Ray lets it be."""
TASKS_PER_CORE = 16
"""If there are more shards, a task does several: Ray Data looks ten times a second whether one has
ended, which would leave a core idle for a tenth of the time. Fewer tasks would leave it idle at the
end."""
MOST_TASKS = 10_000
"""Ray's driver keeps a few kB for each."""

RESUME = "What is written stays; go on with --resume."


@contextmanager
def cluster(address: str | None) -> Iterator[int]:
    """Join a Ray cluster, or start one on the cores of this machine; gives its number of cores.

    Raises:
        BulkError: there is no cluster at the address.
    """
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(
                "local",  # without it Ray joins what cluster it finds on the machine
                num_cpus=available_cores(),
                object_store_memory=OBJECT_STORE,
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                **quiet,
            )
        else:
            ray.init(address, **quiet)
    except Exception as exc:  # Ray raises it bare
        raise BulkError(f"There is no Ray cluster to be had: {exc}") from exc
    try:
        yield int(ray.cluster_resources().get("CPU", 0))
    finally:
        ray.shutdown()


def do_all(job: Job, shards: int, cores: int) -> Iterator[tuple[Tally, bool]]:
    """Do every shard once, in any order; see :func:`app.bulk.work.do_shard`.

    Args:
        cores: of the cluster; more may join later.

    Raises:
        BulkError: a shard can't be done, or kills whatever works on it.
    """
    if not shards:  # an array without images
        return
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    tasks = min(shards, TASKS_PER_CORE * cores, MOST_TASKS)
    numbers = ray.data.range(shards, override_num_blocks=tasks)
    done = bytearray(shards)
    try:
        for row in numbers.map(as_row, fn_args=(job,)).iter_rows():
            if row["error"]:
                raise BulkError(f"{row['error']}. {RESUME}")
            if not done[row["shard"]]:
                done[row["shard"]] = True
                yield Tally(**json.loads(row["tally"])), row["made"]
    except ray.exceptions.RayError as exc:
        cause = getattr(exc, "cause", None) or exc
        raise BulkError(f"{type(cause).__name__}: {cause}. {RESUME}") from exc
    if not all(done):
        raise BulkError(f"{shards - sum(done):,} shards were not done. {RESUME}")
