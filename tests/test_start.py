"""Faults at the start: one clear line and a status that is not 0, or it works."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import REPOSITORY
from service_process import ServiceProcess
from test_gate import ask

COMMAND = [sys.executable, "-m", "app"]


def fault(*prefix: str, **environment: str) -> tuple[int, str]:
    """Exit status and standard error of a service that can't start."""
    result = subprocess.run(
        [*prefix, *COMMAND],
        cwd=REPOSITORY,
        env=os.environ | {"PORT": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return result.returncode, result.stderr


def assert_one_line(result: tuple[int, str], *words: str) -> None:
    status, text = result
    assert status in (1, 2)
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    for word in words:
        assert word in text


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REPOSITORY / "weights", tmp_path / "weights"))


@pytest.mark.parametrize("name", ["digits.onnx", "digits.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "a directory"])
def test_damaged_weights(weights: Path, name: str, damage: str) -> None:
    path = weights / name
    data = path.read_bytes()
    path.unlink()
    if damage == "a directory":
        path.mkdir()
    elif damage == "cut":
        path.write_bytes(data[:-100])
    assert_one_line(fault(WEIGHTS=str(weights), WORKERS="2"), name)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_port_that_is_taken(workers: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = fault(PORT=port, WORKERS=workers)
    assert_one_line(result, port, "Address already in use")


def test_host_of_another_machine() -> None:
    assert_one_line(fault(HOST="192.0.2.1"), "192.0.2.1")


@pytest.mark.parametrize("host", ["no such host", "a..b", "a" * 70])
def test_host_that_is_none(host: str) -> None:
    assert_one_line(fault(HOST=host), host)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("WORKERS", "many"),
        ("MAX_PIXELS", ""),
        ("UPLOAD_SECONDS", "0"),
        ("DRAIN_SECONDS", "nan"),
        ("METRICS", "maybe"),
    ],
)
def test_settings_that_can_not_be(name: str, value: str) -> None:
    assert_one_line(fault(**{name: value}), "--" + name.lower().replace("_", "-"))


def test_secrets_stay_secret() -> None:
    assert "hush" not in fault(API_KEYS="hush", PORT="x")[1]


def test_weights_that_may_not_be_read(weights: Path) -> None:
    if os.geteuid() != 0:
        (weights / "digits.onnx").chmod(0)
        assert_one_line(fault(WEIGHTS=str(weights)), "digits.onnx", "Permission denied")
        return
    weights.chmod(0o700)  # root reads all, so someone else has to try
    result = fault("setpriv", "--reuid=65534", "--clear-groups", WEIGHTS=str(weights))
    assert_one_line(result, "digits", "Permission denied")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_a_home(workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    with ServiceProcess(WORKERS=workers) as service:
        assert ask(service.url, "/predict")[0] == 200


def can_mount() -> bool:
    command = ["unshare", "--mount", "true"]
    return shutil.which("unshare") is not None and subprocess.run(command).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_on_a_read_only_file_system(workers: str, tmp_path: Path) -> None:
    """All of it, /tmp and /dev/shm included."""
    script = (
        "for at in $(cut -d' ' -f2 /proc/self/mounts); do"
        " case $at in /proc*|/sys*) ;; *) mount -o remount,bind,ro $at 2>/dev/null;; esac; done;"
        f" touch {tmp_path}/x 2>/dev/null && exit 9; exec {sys.executable} -m app"
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    with ServiceProcess(command=command, WORKERS=workers) as service:
        assert ask(service.url, "/predict")[0] == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_with_64_files(workers: str) -> None:
    command = ["sh", "-c", f"ulimit -n 64 && exec {sys.executable} -m app"]
    with ServiceProcess(command=command, WORKERS=workers) as service:
        connections = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
        time.sleep(0.5)  # until those that are too many have gone
        for path in ("/predict", "/predict?preprocess=auto"):
            assert [ask(service.url, path)[0] for _ in range(20)] == [200] * 20
        for connection in connections:
            connection.close()


def test_with_too_few_files() -> None:
    assert_one_line(fault("prlimit", "--nofile=36:36"), "files")


def test_tracing_without_an_address() -> None:
    assert_one_line(fault(TRACING="true"), "OTEL_EXPORTER_OTLP_ENDPOINT")
