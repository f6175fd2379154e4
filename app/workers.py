"""Several processes that serve the same port."""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess


class SharedPort(socket.socket):
    """A bound socket that becomes, in another process, a socket of its own on the same port.

    Workers that accept from one socket race for connections: the first to wake takes all that are
    there, and the others stay idle. With a socket each, the kernel deals connections out.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return bind, (self.family, self.getsockname())


def bind(family: int, address: Any) -> SharedPort:
    """A socket on an address that others may be bound to as well."""
    shared = SharedPort(family)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(address)
    return shared


def serve(config: uvicorn.Config) -> None:
    """Serve with ``config.workers`` processes until told to stop; one that dies is replaced."""
    bound = config.bind_socket()  # ends the program with a message if the port is taken
    if sys.platform == "linux":  # elsewhere connections are not dealt out
        family, address = bound.family, bound.getsockname()
        bound.close()
        bound = bind(family, address)
    Multiprocess(config, sockets=[bound]).run()
