"""What the service counts, and how Prometheus is told.

Every value has its place in the worker's row of the :class:`app.telemetry.board.Board`, so
counting costs a list's index, not a lock: prometheus_client's own counters take ten times as long,
which is more than a small picture can afford. Only what is read is left to that library: the text.

Everything is counted on the event loop, by one thread.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from app.problems import kind_of
from app.telemetry.board import WIDTH, Board
from app.telemetry.exchange import Exchange
from app.telemetry.processes import processes

CONTENT_TYPE = CONTENT_TYPE_LATEST

STATUSES = (200, 304, 400, 401, 404, 405, 408, 413, 415, 422, 431, 499, 500, 503)
"""Statuses with a place of their own; 499 is a client that went away before it was answered."""
OTHER = "other"

REQUEST_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
STEP_SECONDS = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)


class _Histogram:
    """Buckets, and the sum in the place behind them."""

    def __init__(self, row: memoryview[float], start: int, bounds: Sequence[float]) -> None:
        self._row, self._start, self._bounds = row, start, bounds
        self._sum = start + len(bounds) + 1

    def observe(self, value: float, times: int = 1) -> None:
        row = self._row
        row[self._start + bisect_left(self._bounds, value)] += times
        row[self._sum] += value * times

    @staticmethod
    def width(bounds: Sequence[float]) -> int:
        return len(bounds) + 2

    def read(self, totals: NDArray[np.float64]) -> tuple[list[tuple[str, float]], float]:
        """Cumulative buckets and sum, as the library's families take them."""
        counts = accumulate(totals[self._start : self._sum].tolist())
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, counts, strict=True)), float(totals[self._sum])


class Metrics:
    """The service's counters, gauges and histograms.

    Args:
        board: where this worker has a row.
        routes: paths that requests are counted by; those to others count as ``other``.
        kinds: slugs of the problems.
    """

    def __init__(self, board: Board, routes: Iterable[str], kinds: Iterable[str]) -> None:
        self._board = board
        self._row = board.claim()
        self._next = 0
        self._routes = [*routes, OTHER]
        self._kinds = [*kinds, OTHER]
        self._in_flight = self._place(1)
        self._connections = self._place(1)
        self._buffered = self._place(1)
        self._process = self._place(1)
        for gauge in (self._in_flight, self._connections, self._buffered):
            self._row[gauge] = 0  # of a predecessor
        self._row[self._process] = os.getpid()
        requests = self._place(len(self._routes) * (len(STATUSES) + 1))
        self._requests = {
            (route, status): requests + at
            for at, (route, status) in enumerate(
                (route, status) for route in self._routes for status in (*STATUSES, OTHER)
            )
        }
        self._seconds = {route: self._histogram(REQUEST_SECONDS) for route in self._routes}
        self._received = self._place(1)
        self._sent = self._place(1)
        start = self._place(len(self._kinds))
        self._problems = {kind: start + at for at, kind in enumerate(self._kinds)}
        self._digits = self._place(10)
        self._no_digit = self._place(1)
        self._confidence = self._histogram(CONFIDENCES)
        self._preprocessing = self._histogram(STEP_SECONDS)
        self._inference = self._histogram(STEP_SECONDS)

    def _place(self, count: int) -> int:
        start, self._next = self._next, self._next + count
        if self._next > WIDTH:
            raise ValueError(f"the metrics need more than {WIDTH} numbers")
        return start

    def _histogram(self, bounds: Sequence[float]) -> _Histogram:
        return _Histogram(self._row, self._place(_Histogram.width(bounds)), bounds)

    def gauges(self, in_flight: int, connections: int, buffered_bytes: int) -> None:
        """Set what goes up and down."""
        row = self._row
        row[self._in_flight] = in_flight
        row[self._connections] = connections
        row[self._buffered] = buffered_bytes

    def answered(self, exchange: Exchange, times: int = 1) -> None:
        """Count a request that was answered, or several that are alike and name no digit."""
        row, route, status = self._row, exchange.route, exchange.status
        place = self._requests.get((route, status))
        if place is None:
            route = route if route in self._seconds else OTHER
            place = self._requests[route, status if status in STATUSES else OTHER]
        row[place] += times
        row[self._received] += exchange.received * times
        row[self._sent] += exchange.sent * times
        self._seconds[route].observe(exchange.end - exchange.start, times)
        if exchange.problem is not None:
            self.problem(exchange.problem, times)
        if exchange.predicted is not None:
            digit, confidence, is_digit, preprocessing, inference = exchange.predicted
            self._named(digit, confidence, is_digit)
            self._preprocessing.observe(preprocessing)
            self._inference.observe(inference)

    def problem(self, kind: str, times: int = 1) -> None:
        """Count a problem by its slug."""
        self._row[self._problems.get(kind, self._problems[OTHER])] += times

    def batch(self, answers: Iterable[dict[str, Any]]) -> None:
        """Count the answers of a batch, and the problems in the place of some."""
        for answer in answers:
            if "digit" in answer:
                self._named(answer["digit"], float(answer["confidence"]), answer["is_digit"])
            else:
                self.problem(kind_of(answer))

    def _named(self, digit: int, confidence: float, is_digit: bool) -> None:
        row = self._row
        row[self._digits + digit] += 1.0
        if not is_digit:
            row[self._no_digit] += 1.0
        self._confidence.observe(confidence)

    def exposition(self) -> bytes:
        """All workers' numbers as Prometheus reads them."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def describe(self) -> list[Metric]:
        """Nothing, so that registering collects nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families, for prometheus_client."""
        rows = self._board.numbers()
        totals = rows.sum(0)

        def simple(family: type[Metric], name: str, text: str, place: int) -> Metric:
            metric: Metric = family(name, text, value=totals[place])  # type: ignore[call-arg]
            return metric

        requests = CounterMetricFamily(
            "http_requests", "Requests answered.", labels=("path", "status")
        )
        for (route, status), place in self._requests.items():
            if totals[place] or status == 500:  # a rate begins with a nought
                requests.add_metric((route, str(status)), totals[place])
        yield requests
        seconds = HistogramMetricFamily(
            "http_request_duration_seconds",
            "Seconds from a request's first byte of body or end of head to its answer.",
            labels=("path",),
        )
        for route, histogram in self._seconds.items():
            buckets, total = histogram.read(totals)
            if buckets[-1][1]:
                seconds.add_metric((route,), buckets, total)
        yield seconds
        yield simple(
            GaugeMetricFamily,
            "http_requests_in_flight",
            "Requests that are worked on.",
            self._in_flight,
        )
        yield simple(GaugeMetricFamily, "http_connections", "Connections open.", self._connections)
        yield simple(
            GaugeMetricFamily,
            "http_request_buffered_bytes",
            "Bytes of bodies in memory.",
            self._buffered,
        )
        yield simple(
            CounterMetricFamily,
            "http_request_body_bytes",
            "Bytes of bodies received.",
            self._received,
        )
        yield simple(
            CounterMetricFamily, "http_response_body_bytes", "Bytes of bodies sent.", self._sent
        )
        problems = CounterMetricFamily(
            "tinydigits_problems", "Requests and images refused, by problem.", labels=("kind",)
        )
        for kind, place in self._problems.items():
            problems.add_metric((kind,), totals[place])
        yield problems
        digits = CounterMetricFamily("tinydigits_predictions", "Digits named.", labels=("digit",))
        for digit in range(10):
            digits.add_metric((str(digit),), totals[self._digits + digit])
        yield digits
        yield simple(
            CounterMetricFamily,
            "tinydigits_not_digits",
            "Pictures answered with is_digit false.",
            self._no_digit,
        )
        for name, text, histogram in (
            ("confidence", "Confidence of the digits named.", self._confidence),
            ("preprocessing_seconds", "Decoding and preprocessing a picture.", self._preprocessing),
            ("inference_seconds", "The network, for one picture or several.", self._inference),
        ):
            buckets, total = histogram.read(totals)
            yield HistogramMetricFamily(
                f"tinydigits_{name}", text, buckets=buckets, sum_value=total
            )
        yield from processes([int(pid) for pid in rows[:, self._process] if pid])
