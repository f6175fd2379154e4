"""The service as a process of its own, as a user starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


class ServiceProcess:
    """The service on a free port, which can stop and come back there.

    Args:
        output: where its output goes.
        command: how it is started, if not as usual.
        environment: settings, as environment variables.
    """

    def __init__(
        self, output: Path | None = None, command: list[str] | None = None, **environment: str
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = command or [sys.executable, "-m", "app"]
        self._output = output or Path(os.devnull)
        self._environment = os.environ | {"PORT": str(self.port)} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServiceProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, seconds: float = 60) -> None:
        """Start, and wait until it is ready."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + seconds
        while not self._ready():
            assert self._process.poll() is None, "the service ended at once"
            assert time.monotonic() < deadline, "the service did not become ready"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process as an operator does, and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None
        return self._process

    def resident_bytes(self) -> int:
        """Memory of the process as Linux counts it."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5):
                return True
        except OSError:
            return False
