"""The services that are compared: each in its own environment, on one core, answers checked."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from load import form
from PIL import Image

from app.recognizer import Recognizer

REPOSITORY = Path(__file__).resolve().parents[1]
PEERS = REPOSITORY / "benchmarks/peers"
ENVIRONMENTS = REPOSITORY / ".venv-benchmark"
DIGITS = sorted((REPOSITORY / "tests/digits").glob("*.png"))
SECONDS_TO_START = 90


@dataclass(frozen=True)
class Contestant:
    """A service.

    Attributes:
        command: its command line, from its environment's ``bin`` and a port.
        bare: whether it takes an image as the bare body too.
    """

    name: str
    command: Callable[[Path, int], list[str]]
    environment: str | None
    bare: bool = False

    def install(self) -> Path:
        """Make the environment if it is not there; returns its ``bin``."""
        if self.environment is None:
            return Path(sys.executable).parent
        requirements = PEERS / f"{self.environment}.txt"
        directory = ENVIRONMENTS / self.environment
        stamp = directory / "installed.txt"
        if not stamp.exists() or stamp.read_text() != requirements.read_text():
            print(f"installing {self.environment} …", file=sys.stderr, flush=True)
            subprocess.run([sys.executable, "-m", "venv", directory], check=True)
            python = str(directory / "bin/python")
            subprocess.run([python, "-m", "pip", "install", "-qr", str(requirements)], check=True)
            stamp.write_text(requirements.read_text())
        return directory / "bin"

    def versions(self) -> str:
        """What is installed of the packages that matter, in one line."""
        code = (
            "from importlib.metadata import distributions as d; w = {'fastapi', 'uvicorn', 'torch',"
            "'litserve', 'bentoml', 'onnxruntime', 'orjson', 'uvloop', 'httptools', 'pillow'};"
            "print(*sorted({f'{x.name.lower()} {x.version}' for x in d() if x.name.lower() in w}),"
            "sep=', ')"
        )
        command = [str(self.install() / "python"), "-c", code]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return result.stdout.strip()


OURS = Contestant("tinydigits", lambda bin_, _: [f"{bin_}/python", "-m", "app"], None, bare=True)
NAIVE = Contestant(
    "FastAPI + torch", lambda bin_, port: [f"{bin_}/python", "naive.py", str(port)], "naive"
)
ON_OUR_ENGINE = Contestant(
    "FastAPI + ONNX Runtime",
    lambda bin_, port: [f"{bin_}/python", "with_onnx.py", str(port)],
    "with_onnx",
)
LITSERVE = Contestant(
    "LitServe", lambda bin_, port: [f"{bin_}/python", "with_litserve.py", str(port)], "litserve"
)
BENTOML = Contestant(
    "BentoML",
    lambda bin_, port: [f"{bin_}/bentoml", "serve", "-q", "with_bentoml:Digits", "-p", str(port)],
    "bentoml",
)
CONTESTANTS = (OURS, ON_OUR_ENGINE, NAIVE, LITSERVE, BENTOML)


def versions() -> list[tuple[str, str]]:
    """Each contestant's name, and what is installed for it."""
    return [(one.name, one.versions()) for one in CONTESTANTS]


class Service:
    """A running contestant."""

    def __init__(
        self, contestant: Contestant, cores: set[int], environment: dict[str, str] | None = None
    ) -> None:
        self.contestant = contestant
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        bin_ = contestant.install()
        self.started = time.perf_counter()
        command = contestant.command(bin_, self.port)
        self.process = subprocess.Popen(
            ["taskset", "-c", ",".join(map(str, sorted(cores))), *command],
            cwd=REPOSITORY if contestant.environment is None else PEERS,
            env=os.environ
            | {"PORT": str(self.port), "BENTOML_DO_NOT_TRACK": "True"}
            | (environment or {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def wait(self) -> float:
        """Wait until the first answer; returns the seconds from the start to it."""
        path = "/health/ready" if self.contestant is OURS else None
        while True:
            try:
                if path is None:
                    self.ask(DIGITS[0].read_bytes())
                else:
                    self._get(path)
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.contestant.name} ended at once") from None
                if time.perf_counter() - self.started > SECONDS_TO_START:
                    raise
                time.sleep(0.005)
            else:
                return time.perf_counter() - self.started

    def wait_for_workers(self, count: int) -> None:
        """Wait until that many processes listen; the first answers before the others are ready."""
        while True:
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            listening = [row for row in rows if row[1].endswith(f":{self.port:04X}")]
            if sum(row[3] == "0A" for row in listening) == count:
                return
            time.sleep(0.05)

    def _get(self, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        if status != http.HTTPStatus.OK:
            raise http.client.HTTPException(status)

    def ask(self, data: bytes, bare: bool = False) -> dict[str, object]:
        """The answer to one picture."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body, content_type = (data, "image/png") if bare else form(data)
        connection.request("POST", "/predict", body, {"Content-Type": content_type})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"{response.status}: {answer[:200]!r}")
        content: dict[str, object] = json.loads(answer)
        return content

    def check(self, recognizer: Recognizer) -> None:
        """Raise unless it answers forty digits as the network does, in every way it takes."""
        for path in DIGITS:
            expected = recognizer.log_probabilities(np.asarray(Image.open(path))[None])[0]
            for bare in (False, True) if self.contestant.bare else (False,):
                answer = self.ask(path.read_bytes(), bare)
                right = answer["digit"] == int(path.name[0]) and np.allclose(
                    np.array(answer["log_probabilities"]), expected, atol=1e-3
                )
                if not right:
                    raise RuntimeError(f"{self.contestant.name} is wrong about {path.name}")

    def pause(self) -> None:
        """Take no time while others are measured."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End the process and all that it started.

        Raises:
            RuntimeError: it had ended by itself, so that whatever was measured says nothing.
        """
        ended = self.process.poll()
        with suppress(ProcessLookupError):
            self.resume()
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        with suppress(ProcessLookupError):  # helpers that outlive it would slow the next down
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if ended is not None:
            raise RuntimeError(f"{self.contestant.name} ended by itself, with status {ended}")

    def resident_megabytes(self) -> float:
        """Memory of its main process, MB as the kernel counts it (RSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def running(contestant: Contestant, cores: set[int], **environment: str) -> Iterator[Service]:
    """A service, ready, for as long as the block lasts."""
    service = Service(contestant, cores, environment)
    try:
        service.wait()
        yield service
    finally:
        service.stop()
