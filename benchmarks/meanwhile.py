"""What benchmarks do in threads while they measure something else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Meanwhile(Generic[Result]):
    """Does a piece of work again and again, in each of some threads, for as long as a block lasts.

    A thread whose work fails ends; :meth:`results` tells, so that nothing is read off a measurement
    that went on without it.
    """

    def __init__(self, work: Callable[[], Result], threads: int = 1) -> None:
        self._work, self._threads = work, threads
        self._stopped, self._pool = threading.Event(), ThreadPoolExecutor(threads)

    def __enter__(self) -> Meanwhile[Result]:
        self._futures = [self._pool.submit(self._repeat) for _ in range(self._threads)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown()

    def results(self) -> list[Result]:
        """What each piece of work returned; after the block.

        Raises:
            Exception: what one of them raised.
        """
        return [result for future in self._futures for result in future.result()]

    def _repeat(self) -> list[Result]:
        results = [self._work()]
        while not self._stopped.is_set():
            results.append(self._work())
        return results
