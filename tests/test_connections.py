"""Clients that are slow, idle, or too many, over real connections."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image
from service_process import ServiceProcess
from test_gate import SECURITY, ask, get, values
from test_shortcut import PNG, Connection, request_bytes, serving

from app.recognizer import Recognizer
from app.server import gate
from app.settings import Settings

HALVES = {
    "nothing": b"",
    "a request line": b"POST /pre",
    "headers": b"POST /predict HTTP/1.1\r\nHost: x\r\nX-A: ",
    "a small body": request_bytes()[:-10],
    "a form": request_bytes(
        b"--b\r\n", "/predict", "Content-Type: multipart/form-data; boundary=b"
    )[:-2],
    "a large body": request_bytes(bytes(300_000))[:200_000],
    "chunks": b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc",
    "a batch": request_bytes(bytes(784), "/predict/batch")[:-1],
    "tensors": request_bytes(b"{}", "/v2/models/digits/infer")[:-1],
}


def closed(connection: Connection, seconds: float = 10) -> bool:
    """Whether the server ends the connection in that time."""
    connection.socket.settimeout(seconds)
    try:
        while connection.socket.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


class TestDeadlines:
    @pytest.fixture(scope="class")
    @classmethod
    def hasty(cls, recognizer: Recognizer) -> Iterator[str]:
        limits = {"upload_seconds": 0.6, "keep_alive_seconds": 0.6, "min_upload_rate": 100_000}
        with serving(recognizer, **limits) as (url, _):
            yield url

    @pytest.mark.parametrize("case", [case for case in HALVES if case != "nothing"])
    def test_request_that_does_not_arrive_is_refused(self, hasty: str, case: str) -> None:
        with Connection(hasty) as connection:
            start = time.monotonic()
            connection.send(HALVES[case])
            status, headers, problem = connection.answer()
            assert 0.5 < time.monotonic() - start < 5
            assert (status, problem["type"]) == (408, "urn:tinydigits:slow-upload")
            assert headers["connection"] == "close"
            assert SECURITY.items() <= headers.items()
            assert closed(connection)

    def test_each_is_counted_once(self, recognizer: Recognizer) -> None:
        with serving(recognizer, upload_seconds=0.6, min_upload_rate=10**6) as (url, _):
            for half in (HALVES["a small body"], HALVES["a large body"]):
                with Connection(url) as connection:
                    connection.send(half)
                    connection.answer()
            counts = values(url)
        refused = [value for name, value in counts.items() if name.endswith(",408")]
        assert sum(refused) == 2
        assert counts["tinydigits_problems_total,slow-upload"] == 2
        assert counts["http_request_buffered_bytes"] == 0

    def test_connection_without_a_request_is_closed(self, hasty: str) -> None:
        with Connection(hasty) as connection:
            assert closed(connection)

    @pytest.mark.parametrize("path", ["/predict", "/predict?preprocess=auto"])
    @pytest.mark.parametrize("then", [b"", b"\r\n"])
    def test_idle_connection_is_closed(self, hasty: str, path: str, then: bytes) -> None:
        with Connection(hasty) as connection:
            connection.send(request_bytes(PNG, path))
            assert connection.answer()[0] == 200
            connection.send(then)
            assert closed(connection)

    def test_byte_by_byte_is_too_slow(self, hasty: str) -> None:
        with Connection(hasty) as connection, suppress(ConnectionError):
            for byte in request_bytes():
                connection.send(bytes([byte]))
                time.sleep(0.02)
            pytest.fail("the whole request was awaited")

    def test_steady_upload_may_take_longer(self, hasty: str) -> None:
        data = request_bytes(PNG + bytes(300_000))
        with Connection(hasty) as connection:
            for start in range(0, len(data), 30_000):
                connection.send(data[start : start + 30_000])
                time.sleep(0.1)
            assert connection.answer()[0] in (200, 400)

    def test_rest_of_a_refused_body_is_not_awaited_for_ever(self, recognizer: Recognizer) -> None:
        limits = {"upload_seconds": 0.6, "min_upload_rate": 1, "max_upload_bytes": 1000}
        with serving(recognizer, **limits) as (url, _), Connection(url) as connection:
            connection.send(request_bytes(bytes(100_000))[:-1])
            assert connection.answer()[0] == 413
            assert closed(connection)

    def test_client_that_takes_no_answer_is_let_go(self, recognizer: Recognizer) -> None:
        part = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
        with serving(recognizer, upload_seconds=0.6) as (url, _), Connection(url) as connection:
            connection.send(part * 10)  # more than the kernel holds
            wait_until(lambda: values(url)["http_requests_in_flight"] == 1)
            wait_until(lambda: values(url)["http_requests_in_flight"] == 0)
            wait_until(lambda: values(url)["http_connections"] == 1)

    def test_answer_that_is_taken_slowly_but_steadily_is_not_cut(
        self, recognizer: Recognizer
    ) -> None:
        part = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
        with (
            serving(recognizer, upload_seconds=0.3) as (url, _),
            Connection(url) as connection,
        ):
            connection.send(part)
            first = connection.bare_answer()[2]
            connection.send(part * 10)  # more than the kernel holds
            for _ in range(10):
                time.sleep(0.2)
                assert connection.bare_answer()[2] == first


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("start", [b"POST /predict", b"POST /predict HTTP/1.1\r\nX-A: ", b"many"])
def test_head_that_does_not_end_is_refused(recognizer: Recognizer, start: bytes) -> None:
    more = b"x" * 50_000
    if start == b"many":
        start, more = b"GET / HTTP/1.1\r\n", b"X-A: bcd\r\n" * 5_000
    with serving(recognizer) as (url, _), Connection(url) as connection:
        connection.send(start)
        with suppress(ConnectionError):
            for _ in range(20):
                connection.send(more)
                time.sleep(0.02)
        status, headers, problem = connection.answer()
        assert (status, problem["type"]) == (431, "urn:tinydigits:too-many-headers")
        assert SECURITY.items() <= headers.items()
        assert closed(connection)


def test_trailers_that_do_not_end_are_refused(recognizer: Recognizer) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(recognizer) as (url, _), Connection(url) as connection:
        connection.send(head + b"1\r\nx\r\n0\r\n")
        with suppress(ConnectionError):
            for _ in range(20):
                connection.send(b"X-A: bcd\r\n" * 5_000)
                time.sleep(0.02)
        status, _, problem = connection.answer()
        assert (status, problem["type"]) == (431, "urn:tinydigits:too-many-headers")
        assert closed(connection)
        counts = values(url)
    assert counts["http_requests_total,/predict,431"] == 1
    assert counts["http_requests_in_flight"] == 0


def test_body_in_many_small_pieces_is_taken(recognizer: Recognizer) -> None:
    """What stands around the pieces, each sent on its own, is more than a head may be."""
    piece = PNG + bytes(5_000)
    with serving(recognizer) as (url, _), Connection(url) as connection:
        connection.send(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in piece:
            connection.send(b"1;%b\r\n" % (b"x" * 20))
            connection.send(b"%c\r\n" % byte)
        connection.send(b"0\r\nX-Trailer: 1\r\n\r\n")
        assert connection.answer()[0] == 200
        connection.send(request_bytes())
        assert connection.answer()[0] == 200


def test_large_heads_may_follow_each_other(recognizer: Recognizer) -> None:
    request = request_bytes(PNG, "/predict", "X-A: " + 60_000 * "a")
    with serving(recognizer) as (url, _), Connection(url) as connection:
        for _ in range(3):
            connection.send(request[:30_000])
            time.sleep(0.02)
            connection.send(request[30_000:])
            assert connection.answer()[0] == 200


def test_half_open_uploads_change_nothing() -> None:
    """200 half-open uploads of every kind beside normal traffic."""
    with ServiceProcess(UPLOAD_SECONDS="60", MAX_IN_FLIGHT="16") as service, ExitStack() as stack:
        halves = list(HALVES.values())
        for index in range(200):
            connection = stack.enter_context(Connection(service.url))
            connection.send(halves[index % len(halves)])
        wait_until(lambda: values(service.url)["http_connections"] > 200)
        for path in ("/predict", "/predict?preprocess=auto"):
            for _ in range(50):
                assert ask(service.url, path)[0] == 200
        assert values(service.url)["http_requests_in_flight"] == 0


def test_normal_traffic_beats_too_many_connections(recognizer: Recognizer) -> None:
    with serving(recognizer, max_connections=10) as (url, _), ExitStack() as stack:
        half_open = [stack.enter_context(Connection(url)) for _ in range(50)]
        for connection in half_open:
            with suppress(ConnectionError):
                connection.send(HALVES["a small body"])
            assert ask(url, "/predict")[0] == 200
        assert values(url)["http_connections"] <= 10


def test_connection_in_use_is_not_closed_for_another(recognizer: Recognizer) -> None:
    with serving(recognizer, max_connections=2) as (url, _), Connection(url) as busy:
        busy.send(request_bytes(bytes([1]) * 784 * 500, "/predict/batch"))
        time.sleep(0.1)
        for _ in range(20):
            assert get(url, "/health/live")[0] == 200
        assert busy.answer()[0] == 200


def test_header_of_a_large_file_keeps_no_one_waiting(recognizer: Recognizer) -> None:
    """A JPEG of empty comments, which takes a second to be opened."""
    picture = io.BytesIO()
    Image.new("L", (28, 28)).save(picture, "JPEG")
    data = picture.getvalue()[:2] + b"\xff\xfe\0\2" * 500_000 + picture.getvalue()[2:]
    with serving(recognizer) as (url, _), ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, url, "/predict", body=data)
        wait_until(lambda: values(url)["http_requests_in_flight"] == 1)
        for _ in range(3):
            assert get(url, "/health/live")[0] == 200
        assert not answer.done()
        assert answer.result()[2]["type"] == "urn:tinydigits:blank-picture"


def test_files_are_given_back() -> None:
    with ServiceProcess(UPLOAD_SECONDS="0.5", MIN_UPLOAD_RATE="1000000") as service:
        files = Path(f"/proc/{service.process.pid}/fd")
        before = len(list(files.iterdir()))
        with ExitStack() as stack:
            for half in list(HALVES.values()) * 5:
                stack.enter_context(Connection(service.url)).send(half)
            wait_until(lambda: len(list(files.iterdir())) <= before)


def test_pipelined_flood_is_answered_in_order(recognizer: Recognizer) -> None:
    """More in one write than may be in flight, on both paths in turn."""
    with serving(recognizer, max_in_flight=2) as (url, _), Connection(url) as connection:
        requests = [
            request_bytes(PNG, path, f"X-Request-ID: {index}{path[9:]}")
            for index in range(10)
            for path in ("/predict", "/predict", "/predict?a", "/predict?a")
        ]
        sender = threading.Thread(target=connection.send, args=(b"".join(requests),))
        sender.start()
        ids = [connection.answer()[1]["x-request-id"] for _ in requests]
        sender.join()
    expected = [f"{index}{query}" for index in range(10) for query in ("", "", "a", "a")]
    assert ids == expected


class Idle:
    """A connection that counts how often the gate looks at it."""

    waiting_since: float | None = None

    def __init__(self) -> None:
        self.looks = 0

    def watch(self, _: float) -> None:
        self.looks += 1

    def resume(self) -> None: ...

    def evict(self) -> None: ...


class NoMetrics:
    def gauges(self, *_: int) -> None: ...


def watch(
    watched: gate.Gate, looks: int, before_each: Callable[[int], None], patch: pytest.MonkeyPatch
) -> None:
    """Have the gate look so many times, without the time in between."""
    numbers = iter(range(looks))

    async def sleep(_: float) -> None:
        before_each(next(numbers))

    patch.setattr(asyncio, "sleep", sleep)
    # In a thread: the browser's tests leave a loop running in this one.
    with ThreadPoolExecutor() as pool, pytest.raises(RuntimeError, match="StopIteration"):
        pool.submit(asyncio.run, watched.watch()).result()


@pytest.fixture
def watched() -> gate.Gate:
    return gate.Gate(Settings(), cast(Any, NoMetrics()), None)


@pytest.mark.parametrize("count", [1, 300, 2001])
def test_all_connections_are_looked_at_within_a_second(
    watched: gate.Gate, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    connections, gone = [Idle() for _ in range(count)], Idle()
    for one in (gone, *connections):
        watched.connected(one)
    watched.disconnected(gone)
    watch(watched, 4, lambda _: None, monkeypatch)
    assert {one.looks for one in connections} <= {1, 2, 3, 4}
    assert gone.looks == 0


@pytest.mark.parametrize(
    ("answers", "looks", "given_back"), [({0}, 4, 0), ({0}, 5, 1), ({0, 3}, 7, 0), ({0}, 99, 1)]
)
def test_free_memory_is_given_back_once_after_a_second_without_work(
    watched: gate.Gate,
    monkeypatch: pytest.MonkeyPatch,
    answers: set[int],
    looks: int,
    given_back: int,
) -> None:
    times: list[None] = []
    monkeypatch.setattr(gate, "give_back_free_memory", lambda: times.append(None))

    def answer(look: int) -> None:
        if look in answers:
            assert watched.enter()
            watched.leave()

    watch(watched, looks, answer, monkeypatch)
    assert len(times) == given_back
