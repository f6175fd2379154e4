"""Bulk scoring on Ray: two machines (on one), and real kills of workers, machines and runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_scoring import rows_of
from conftest import DIGITS, REPOSITORY, idx, label_of, pixels_of

fcntl = pytest.importorskip("fcntl")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

LABELS = [label_of(path) for path in DIGITS]
COPIES = 150
SECONDS = 240
"""For any step, on a busy machine; all of it takes less than 30 where nothing else runs."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6,000 digits."""
    path = tmp_path_factory.mktemp("bulk") / "digits.idx"
    images = np.stack([pixels_of(path) for path in DIGITS])
    path.write_bytes(idx(np.tile(images, (COPIES, 1, 1))))
    return path


@pytest.fixture(autouse=True)
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clusters find each other and share the cores, and tests run in several processes."""
    with (tmp_path_factory.getbasetemp().parent / "ray.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command, in shards of a fraction of a second; ends what a failed test leaves."""
    started: list[subprocess.Popen[str]] = []

    def start(source: Path, output: Path, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "app.bulk", str(source), str(output)]
        process = subprocess.Popen(
            [*command, "--rows-per-file=300", *more],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something to be true while a process runs."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def written(output: Path) -> dict[str, int]:
    """Files of the output, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in output.glob("*.parquet")}


def command_of(process: int) -> bytes:
    """By which it was started, or what it calls itself; empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def scores(worker: int) -> bool:
    """Whether one of Ray's workers does so at the moment; they tell by their names."""
    return b"Map" in command_of(worker)


def running() -> Iterator[tuple[int, int, int]]:
    """Each process: its number, that of its parent, and of its session."""
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        yield int(directory.name), int(fields[1]), int(fields[3])


def workers_of(process: int) -> list[int]:
    """Ray's workers among what a process has started, idle ones too."""
    parents = {number: parent for number, parent, _ in running()}
    workers = [number for number in parents if command_of(number).startswith(b"ray::")]

    def started_by(number: int) -> bool:
        while number in parents:
            number = parents[number]
            if number == process:
                return True
        return False

    return [number for number in workers if started_by(number)]


def remain(session: int) -> list[int]:
    """What Ray started in a session and has not ended, but for its agents, which look on only."""
    living = [(number, command_of(number)) for number, _, of in running() if of == session]
    return [number for number, command in living if command and b"Agent" not in command]


def assert_every_row_once(output: Path) -> None:
    rows = rows_of(output)
    assert [row["identifier"] for row in rows] == [f"digits.idx#{n}" for n in range(40 * COPIES)]
    assert [row["digit"] for row in rows] == LABELS * COPIES
    assert {row["error"] for row in rows} == {None}


def finish(process: subprocess.Popen[str]) -> str:
    text = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, text
    return text


def test_run_that_is_killed_is_resumed(start: Start, source: Path, tmp_path: Path) -> None:
    process = start(source, tmp_path / "out")
    until(lambda: len(written(tmp_path / "out")) >= 3, process)
    assert set(workers_of(process.pid)) & set(remain(process.pid))
    process.kill()
    process.communicate()
    deadline = time.monotonic() + SECONDS
    while remain(process.pid):  # a worker ends the task that it has
        assert time.monotonic() < deadline
        time.sleep(0.05)
    before = written(tmp_path / "out")
    assert len(before) < 40 * COPIES // 300

    text = finish(start(source, tmp_path / "out", "--resume"))
    after = written(tmp_path / "out")
    assert {name: after[name] for name in before} == before
    assert_every_row_once(tmp_path / "out")
    assert f"({300 * len(before):,} were there)" in text
    assert "rejected as no digit: " in text


@pytest.fixture
def two_nodes() -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a cluster, and what pulls the plug of its second machine."""
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 80 * 1024 * 1024}
    cluster = Cluster(initialize_head=True, head_node_args=options | {"include_dashboard": False})
    second = cluster.add_node(**options)
    yield cluster.address, lambda: cluster.remove_node(second, allow_graceful=False)
    cluster.shutdown()


def test_workers_and_a_machine_are_lost(
    start: Start, source: Path, tmp_path: Path, two_nodes: tuple[str, Callable[[], None]]
) -> None:
    address, lose_second_machine = two_nodes
    output = tmp_path / "out"

    def scoring() -> list[int]:
        return [worker for worker in workers_of(os.getpid()) if scores(worker)]

    process = start(source, output, f"--address={address}")
    until(lambda: len(written(output)) >= 2, process)
    until(lambda: len(scoring()) == 2, process)
    os.kill(scoring()[0], signal.SIGKILL)
    count = len(written(output))
    until(lambda: len(written(output)) >= count + 2, process)
    lose_second_machine()
    assert len(written(output)) < 40 * COPIES // 300, "it was over before the machine was lost"
    text = finish(process)
    assert_every_row_once(output)
    # A task that is lost after its file was written finds it there, and counts it as such.
    (counts,) = re.findall(r"^images +(.+)$", text, re.MULTILINE)
    assert sum(map(int, counts.split())) == 40 * COPIES
    assert "on 2 cores" in text


@pytest.mark.usefixtures("two_nodes")
def test_cluster_that_was_not_named_is_not_joined(
    start: Start, source: Path, tmp_path: Path
) -> None:
    text = finish(start(source, tmp_path / "out", "--limit=300"))
    assert "300 images in " in text
    assert len(rows_of(tmp_path / "out")) == 300


def test_cluster_that_is_not_there_is_told(start: Start, source: Path, tmp_path: Path) -> None:
    process = start(source, tmp_path / "out", "--address=auto")
    text = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 1
    assert text.startswith("error: There is no Ray cluster to be had: ")


def test_what_stops_a_worker_is_told_in_a_line(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": [DIGITS[0].read_bytes()]}), path)
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(40) + data[44:])  # the first page's header
    process = start(path, tmp_path / "out")
    *_, line = process.communicate(timeout=SECONDS)[0].splitlines()
    assert process.returncode == 1
    assert line.startswith("error: OSError: x.parquet: ")
    assert line.endswith(". What is written stays; go on with --resume.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nowhere", "out"], "nowhere.\n"),
        (["tests/digits", "out", "--batch-size", "0"], "0 is not positive"),
        (["tests/digits", "out", "--weights", "tests"], "error: tests/digits.onnx is missing."),
    ],
)
def test_mistake_is_told_before_ray_starts(tmp_path: Path, given: list[str], words: str) -> None:
    source, output, *more = given
    command = [sys.executable, "-m", "app.bulk", source, str(tmp_path / output), *more]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode in (1, 2)
    assert words in result.stderr
    assert "Traceback" not in result.stderr
