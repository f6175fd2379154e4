"""What benchmarks do beside a measurement: all of it counts, and a failure is not lost."""

from itertools import count
from threading import Event

import pytest
from meanwhile import Meanwhile


def test_results_are_those_of_all_threads() -> None:
    numbers, enough = count(), Event()

    def work() -> int:
        if (number := next(numbers)) >= 9:
            enough.set()
        return number

    with Meanwhile(work, threads=2) as beside:
        assert enough.wait(10)
    results = sorted(beside.results())
    assert results == list(range(len(results)))


def test_work_is_done_once_at_least() -> None:
    with Meanwhile(lambda: 7, threads=2) as beside:
        pass
    assert len(beside.results()) >= 2


def test_failure_in_a_thread_is_raised() -> None:
    numbers, failed = count(), Event()

    def work() -> int:
        if (number := next(numbers)) == 3:
            failed.set()
            raise ConnectionError("gone")
        return number

    with Meanwhile(work, threads=2) as beside:
        assert failed.wait(10)
    with pytest.raises(ConnectionError, match="gone"):
        beside.results()
