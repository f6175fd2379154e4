"""Services that benchmarks start."""

import pytest
from contestants import Contestant, Service


def test_service_that_ends_while_it_is_measured_is_an_error() -> None:
    service = Service(Contestant("short-lived", lambda *_: ["sh", "-c", "exit 3"], None), {0})
    service.process.wait(timeout=10)
    with pytest.raises(RuntimeError, match="short-lived ended by itself, with status 3"):
        service.stop()


def test_paused_service_can_be_stopped() -> None:
    command = ["sleep", "60"]
    service = Service(Contestant("lasting", lambda *_: command, None), {0})
    service.pause()
    service.stop()
    assert service.process.returncode is not None
