"""SIGTERM and SIGKILL, with real processes under traffic."""

import http.client
import os
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack

import pytest
from service_process import ServiceProcess
from test_connections import HALVES, closed, wait_until
from test_gate import ask, get, values
from test_service import workers_of
from test_shortcut import PNG, Connection, request_bytes

from app.server.gate import WATCH_SECONDS
from app.telemetry.exchange import TOGETHER


class Traffic:
    """Clients that ask one picture after the other on kept connections, and again where one closes.

    Attributes:
        outcomes: statuses, or names of errors, and how many of them.
    """

    def __init__(self, port: int, clients: int = 4) -> None:
        self.outcomes: Counter[object] = Counter()
        self._port, self._stop = port, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._stop.is_set():
            try:
                connection.request("POST", "/predict", PNG)
                response = connection.getresponse()
                response.read()
                self.outcomes[response.status] += 1
            except (OSError, http.client.HTTPException) as exc:
                self.outcomes[type(exc).__name__] += 1
                connection.close()
                time.sleep(0.01)
        connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_readiness_ends_first_and_all_else_goes_on(workers: str) -> None:
    with ServiceProcess(WORKERS=workers, DRAIN_SECONDS="5") as service:
        with Traffic(service.port) as traffic, Connection(service.url) as kept:
            kept.send(request_bytes())
            assert "connection" not in kept.answer()[1]
            service.process.terminate()
            wait_until(lambda: get(service.url, "/health/ready")[0] == 503, 5)
            assert get(service.url, "/v2/health/ready")[0] == 503
            assert get(service.url, "/health/live")[0] == 200
            status, headers, _ = ask(service.url, "/predict")
            assert (status, headers["connection"]) == (200, "close")
            assert ask(service.url, "/predict?preprocess=auto")[1]["connection"] == "close"
            kept.send(request_bytes())
            assert kept.answer()[1]["connection"] == "close"
            assert closed(kept)
        assert set(traffic.outcomes) == {200}
        service.process.wait(timeout=10)


def test_no_connection_is_reset() -> None:
    """Clients that stop asking once the service says so see no error at all."""
    with ServiceProcess(DRAIN_SECONDS="0.5") as service, ExitStack() as stack:
        idle = [stack.enter_context(Connection(service.url)) for _ in range(5)]
        for connection in idle:
            connection.send(request_bytes())
            assert connection.answer()[0] == 200
        service.process.terminate()
        for connection in idle:
            connection.socket.settimeout(10)
            assert connection.socket.recv(10) == b""  # the end, in order; a reset would raise
        service.process.wait(timeout=10)


def test_requests_on_their_way_are_answered() -> None:
    """Of a service that is stopped without delay."""
    with ServiceProcess() as service, ExitStack() as stack:
        batch, upload, small = (stack.enter_context(Connection(service.url)) for _ in range(3))
        batch.send(request_bytes(bytes([1]) * 784 * 2000, "/predict/batch"))
        data = request_bytes(PNG + bytes(50_000))
        upload.send(data[:-10])
        small.send(request_bytes()[:-10])
        wait_until(lambda: values(service.url)["http_requests_in_flight"] >= 1)
        service.process.terminate()
        time.sleep(0.3)
        upload.send(data[-10:])
        small.send(request_bytes()[-10:])
        assert small.answer()[0] == 200
        assert upload.answer()[0] in (200, 400)
        assert len(batch.answer()[2]["answers"]) == 2000
        service.process.wait(timeout=20)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_half_open_uploads_do_not_outlast_the_grace_time(workers: str) -> None:
    environment = {"GRACE_SECONDS": "1", "UPLOAD_SECONDS": "60", "WORKERS": workers}
    with ServiceProcess(**environment) as service, ExitStack() as stack:
        for half in HALVES.values():
            stack.enter_context(Connection(service.url)).send(half)
        time.sleep(0.3)
        start = time.monotonic()
        service.process.terminate()
        service.process.wait(timeout=20)
        assert time.monotonic() - start < 12


def test_second_signal_ends_the_delay() -> None:
    with ServiceProcess(DRAIN_SECONDS="60") as service:
        service.process.terminate()
        wait_until(lambda: get(service.url, "/health/ready")[0] == 503)
        service.process.terminate()
        service.process.wait(timeout=10)


def test_interrupt_does_not_wait() -> None:
    with ServiceProcess(DRAIN_SECONDS="60") as service:
        service.process.send_signal(signal.SIGINT)
        service.process.wait(timeout=10)


def test_killed_worker_is_replaced_and_counts_on() -> None:
    with ServiceProcess(WORKERS="2") as service:
        wait_until(lambda: "process_open_fds,1" in values(service.url))
        with Traffic(service.port) as traffic:
            time.sleep(0.5)
            victim, other = workers_of(service)
            before = values(service.url)["http_requests_total,/predict,200"]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: len(set(workers_of(service)) - {victim}) == 2)
            wait_until(lambda: "process_open_fds,1" in values(service.url))
            time.sleep(0.5)
        time.sleep(2 * WATCH_SECONDS)  # by then each worker has counted its requests
        after = values(service.url)["http_requests_total,/predict,200"]
        assert other in workers_of(service)
        failed = sum(traffic.outcomes.values()) - traffic.outcomes[200]
        assert failed <= 4  # one a client: that which the worker had at hand
        assert after > before > 0
        assert traffic.outcomes[200] <= after + failed + TOGETHER
