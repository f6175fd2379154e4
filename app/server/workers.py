"""The server: one process or several on the same port."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from app.application import create_app
from app.recognizer import Recognizer
from app.server.memory import collect_garbage_seldom
from app.server.protocol import ShortcutProtocol
from app.settings import Settings
from app.telemetry.board import Board
from app.telemetry.logs import log_config

TRACES_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

ACCEPTED_A_TURN = 8
"""Connections that are accepted in a turn of the event loop, which accepts one from each socket:
with one only, new connections, health checks among them, would wait seconds in a flood."""

PR_SET_PDEATHSIG = 1
"""From ``linux/prctl.h``: the signal that a process gets when its parent has died."""

SPARE_ROWS = 16
"""Rows of the board beyond the workers': while workers are replaced there may be more of them."""
FILES_BESIDE_CONNECTIONS = 48
"""Files that a process opens beside those that it has open at the start and its connections."""


class StartError(Exception):
    """The service can't start; the message is one line that says why."""


class SharedPort(socket.socket):
    """A bound socket that becomes, in another process, a socket of its own on the same port.

    Workers that accept from one socket race for connections: the first to wake takes all that are
    there, and the others stay idle. With a socket each, the kernel deals connections out.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _bind_shared, (self.family, self.getsockname())


def _bind_shared(family: int, address: Any) -> SharedPort:
    """A socket on an address that others may be bound to as well."""
    shared = SharedPort(family)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(address)
    return shared


class Twin:
    """Becomes, in another process, a second file descriptor of the socket that is there."""

    def __init__(self, shared: SharedPort) -> None:
        self._shared = shared

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedPort.dup, (self._shared,)


def bind(host: str, port: int) -> socket.socket:
    """A socket on an address that no one else is bound to.

    Raises:
        StartError: the port is taken or not allowed, or the host is none of this machine's.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as exc:
        raise StartError(f"can't listen on {host}, port {port}: {exc.strerror}.") from exc
    except UnicodeError as exc:  # of a name that no host may have
        raise StartError(f"can't listen on {host}: that is no name of a host.") from exc
    return bound


@dataclass(frozen=True)
class Worker:
    """Builds the application of a process; it travels to the process by pickle."""

    settings: Settings
    board: Board

    def __call__(self) -> FastAPI:
        """The application."""
        if sys.platform == "linux":  # elsewhere a worker outlives its parent if that is killed
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        app = create_app(self.settings, board=self.board)
        collect_garbage_seldom()
        return app


def serve(settings: Settings, recognizer: Recognizer) -> None:
    """Serve until told to stop; of several processes, one that dies is replaced.

    Raises:
        StartError: as :func:`bind`, or there are too few files for a single connection.
    """
    if settings.tracing:
        check_tracing()
    settings = settings.model_copy(update={"max_connections": connections_possible(settings)})
    bound = bind(settings.host, settings.port)
    address = bound.getsockname()
    several = settings.workers > 1
    app = (
        Worker(settings, Board(settings.workers + SPARE_ROWS))
        if several
        else create_app(settings, recognizer)
    )
    config = uvicorn.Config(
        app,
        factory=several,
        workers=settings.workers,
        http=ShortcutProtocol,
        ws="none",
        log_config=log_config(settings),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    config.configure_logging()
    logging.getLogger("uvicorn.error").info("Serving on http://%s:%d", host, address[1])
    if not several:
        collect_garbage_seldom()
        uvicorn.Server(config).run([bound, *(bound.dup() for _ in range(ACCEPTED_A_TURN - 1))])
        return
    sockets: list[Any] = [bound]
    if sys.platform == "linux":  # elsewhere connections are not dealt out
        bound.close()
        shared = _bind_shared(bound.family, address)
        sockets = [shared, *(Twin(shared) for _ in range(ACCEPTED_A_TURN - 1))]
    Multiprocess(config, sockets=sockets).run()


def check_tracing() -> None:
    """Raise :class:`StartError` if there is nothing to trace with, or nowhere to send it."""
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        raise StartError("--tracing needs more packages: pip install 'tinydigits[otel]'.")
    if not any(os.environ.get(name) for name in TRACES_ENDPOINTS):
        raise StartError(f"--tracing needs an address: set {TRACES_ENDPOINTS[0]}.")


def connections_possible(settings: Settings) -> int:
    """The setting, or less where the process may open fewer files.

    Raises:
        StartError: there is room for none.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard and hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    directory = Path("/proc/self/fd")
    taken = len(list(directory.iterdir())) if directory.is_dir() else 16
    room = soft - taken - FILES_BESIDE_CONNECTIONS
    if room < 1:
        raise StartError(f"only {soft} files may be open, which leaves none for connections.")
    return min(settings.max_connections, room)
