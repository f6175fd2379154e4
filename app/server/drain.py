"""What happens at SIGTERM before the server stops: readiness is denied, all else goes on."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from app.server.gate import Gate


@contextmanager
def draining_first(gate: Gate) -> Iterator[None]:
    """Deny readiness at SIGTERM, and hand the signal to the server after ``drain_seconds``."""
    stop = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(stop):
        yield  # the server takes no signals either
        return
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        seconds = 0 if gate.draining else gate.settings.drain_seconds  # a second signal hurries
        gate.draining = True
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, number, frame)

    signal.signal(signal.SIGTERM, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
