"""Numbers that all workers of a service see: whichever of them is asked knows them all."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 2048
"""Numbers in a row."""


class Board:
    """A table of float64 in shared memory, in which each worker writes a row of its own.

    It lives in no file system, and crosses to a worker when it is pickled for its start. The
    numbers of a worker that is killed stay: its successor takes its row and counts on.
    """

    def __init__(self, rows: int) -> None:
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("tinydigits-metrics")
        else:  # not Linux
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, rows * WIDTH * 8)
        self._attach(descriptor, rows)

    def _attach(self, descriptor: int, rows: int) -> None:
        self._descriptor, self.rows = descriptor, rows
        self._memory = mmap.mmap(descriptor, rows * WIDTH * 8)

    def __reduce__(self) -> tuple[Any, ...]:
        return _attached, (DupFd(self._descriptor), self.rows)

    def __del__(self) -> None:
        os.close(self._descriptor)

    def claim(self) -> memoryview[float]:
        """A row, float64 ``[WIDTH]``, that is this process's until it ends.

        Raises:
            RuntimeError: all are taken.
        """
        for row in range(self.rows):
            try:  # the lock ends with the process, however that ends
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
            except OSError:
                continue
            return memoryview(self._memory).cast("d")[row * WIDTH : (row + 1) * WIDTH]
        raise RuntimeError(f"all {self.rows} rows of the metrics are taken")

    def numbers(self) -> NDArray[np.float64]:
        """All rows as they are now, float64 ``[rows, WIDTH]``."""
        return np.frombuffer(self._memory, np.float64).reshape(self.rows, WIDTH).copy()


def _attached(descriptor: Any, rows: int) -> Board:
    board = Board.__new__(Board)
    board._attach(descriptor.detach(), rows)
    return board
