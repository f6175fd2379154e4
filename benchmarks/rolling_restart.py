"""Restarts under load: none fails behind a proxy, and a killed worker costs only its own requests.

::

    python benchmarks/rolling_restart.py

Rolling restart: two services behind HAProxy, which asks ``/health/ready`` and repeats nothing for
its clients. Under load each service in turn gets SIGTERM and, when it has ended, a successor on the
same port. Every request must be answered; on a busy machine the service may refuse some, with
Retry-After, which is counted apart.

SIGKILL: a service with two workers, one of which is killed under load. Requests that were on its
connections fail, one a connection at most; the worker must be replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvloop
from contestants import OURS, REPOSITORY, Service, running
from traffic import Traffic, mixed

DRAIN = 2
"""Seconds in which a service that is told to stop says so at ``/health/ready`` and goes on."""
SECONDS_TO_REPLACE = 60
PROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout check 5s
    retries 0
frontend digits
    bind 127.0.0.1:{port}
    default_backend services
frontend statistics
    bind 127.0.0.1:{statistics}
    stats enable
    stats uri /
backend services
    balance roundrobin
    option httpchk GET /health/ready
    default-server check inter 200ms fall 1 rise 1
{servers}
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Proxy:
    """HAProxy before some ports."""

    def __init__(self, services: list[int], directory: str) -> None:
        program = shutil.which("haproxy")
        if program is None:
            raise SystemExit("error: this needs haproxy, as Debian and others package it")
        self.port, self._statistics, self._count = free_port(), free_port(), len(services)
        servers = "\n".join(f"    server s{one} 127.0.0.1:{one}" for one in services)
        configuration = Path(directory) / "haproxy.cfg"
        configuration.write_text(
            PROXY.format(port=self.port, statistics=self._statistics, servers=servers)
        )
        self.process = subprocess.Popen(
            [program, "-db", "-f", configuration], stderr=subprocess.DEVNULL
        )

    async def all_up(self) -> None:
        """Wait until it sends requests to all of them, as an orchestrator waits."""
        deadline = time.monotonic() + SECONDS_TO_REPLACE
        while await asyncio.to_thread(self._up) < self._count:
            if time.monotonic() > deadline:
                raise TimeoutError("HAProxy does not see all services ready")
            await asyncio.sleep(0.1)

    def _up(self) -> int:
        try:
            url = f"http://127.0.0.1:{self._statistics}/;csv"
            with urllib.request.urlopen(url, timeout=5) as answer:
                rows = answer.read().decode().splitlines()
        except OSError:  # not there yet
            return 0
        return sum(row.startswith("services,s") and ",UP," in row for row in rows)


@contextmanager
def proxy(services: list[int]) -> Iterator[Proxy]:
    """HAProxy for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as directory:
        one = Proxy(services, directory)
        try:
            yield one
        finally:
            one.process.kill()
            one.process.wait()


class Replica(Service):
    """A service that can be followed by another on its port."""

    def __init__(self, port: int) -> None:
        self.contestant, self.port = OURS, port
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=REPOSITORY,
            env=os.environ | {"PORT": str(self.port), "DRAIN_SECONDS": str(DRAIN)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self.wait()

    async def replace(self) -> int:
        """SIGTERM, wait for the end, start the successor; returns the exit status."""
        self.process.terminate()
        status = await asyncio.to_thread(self.process.wait, 60)
        await asyncio.to_thread(self.start)
        return status


async def rolling(rate: float, rounds: int) -> dict[str, Any]:
    """Restart both services again and again behind the proxy."""
    with ExitStack() as stack:
        replicas = []
        for port in (free_port(), free_port()):
            replicas.append(Replica(port))
            stack.callback(replicas[-1].stop)
        front = stack.enter_context(proxy([one.port for one in replicas]))
        await front.all_up()
        traffic, going = Traffic(front.port, mixed()), True
        task = asyncio.create_task(traffic.run(rate, lambda: going))
        statuses, start = [], time.monotonic()
        for _ in range(rounds):
            for replica in replicas:
                await asyncio.sleep(1)
                statuses.append(await replica.replace())
                await front.all_up()
        await asyncio.sleep(1)
        going = False
        await task
        traffic.close()
    return {
        "restarts": len(statuses),
        "exit statuses": sorted(set(statuses)),
        "seconds": round(time.monotonic() - start, 1),
        "requests": traffic.window.requests,
        "failures": dict(traffic.window.failures),
        "refused": traffic.window.refused,
        "slowest_ms": round(traffic.window.percentile(100), 1),
    }


def listening(port: int) -> dict[int, int]:
    """Processes that listen on a port, and how many connections each holds."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = [row for row in rows if row[1].endswith(f":{port:04X}")]
    listeners = {row[9] for row in own if row[3] == "0A"}
    connections = {row[9] for row in own if row[3] == "01"}
    found = {}
    for directory in Path("/proc").glob("[0-9]*/fd"):
        try:
            inodes = {os.readlink(one)[8:-1] for one in directory.iterdir()}
        except OSError:  # it ended meanwhile
            continue
        if inodes & listeners:
            found[int(directory.parent.name)] = len(inodes & connections)
    return found


async def kill_a_worker(rate: float) -> dict[str, Any]:
    """Kill one of two workers under load."""
    with running(OURS, set(range(os.cpu_count() or 1)), WORKERS="2") as service:
        service.wait_for_workers(2)
        traffic, going = Traffic(service.port, mixed()), True
        task = asyncio.create_task(traffic.run(rate, lambda: going))
        await asyncio.sleep(2)
        # The parent holds the port's first socket; a worker has connections too.
        workers = {pid: count for pid, count in listening(service.port).items() if count}
        victim = max(workers, key=lambda pid: workers[pid])
        own, start = listening(service.port)[victim], time.monotonic()
        os.kill(victim, signal.SIGKILL)
        while len(listening(service.port).keys() - workers.keys() - {service.process.pid}) < 1:
            if time.monotonic() - start > SECONDS_TO_REPLACE:
                break
            await asyncio.sleep(0.02)
        replaced = time.monotonic() - start
        await asyncio.sleep(2)
        going = False
        await task
        traffic.close()
    return {
        "requests": traffic.window.requests,
        "failures": dict(traffic.window.failures),
        "refused": traffic.window.refused,
        "connections of the worker": own,
        "replaced": replaced < SECONDS_TO_REPLACE,
        "seconds until replaced": round(replaced, 2),
    }


def main() -> int:
    """Do both, print and write the figures; exit status 1 if requests were lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--rounds", type=int, default=5, help="restarts of each of two services")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    restarts = uvloop.run(rolling(options.rate, options.rounds))
    kill = uvloop.run(kill_a_worker(options.rate))
    text = json.dumps({"rolling restart": restarts, "SIGKILL of a worker": kill}, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    lost = sum(kill["failures"].values())
    good = not restarts["failures"] and kill["replaced"]
    return 0 if good and lost <= kill["connections of the worker"] else 1


if __name__ == "__main__":
    sys.exit(main())
