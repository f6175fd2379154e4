"""The shortcut of ``POST /predict``, over real connections: as the route, only faster."""

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import numpy as np
import pytest
import uvicorn
from conftest import DIGITS, label_of, pixels_of
from PIL import Image, ImageOps
from service_process import ServiceProcess

from app.application import create_app
from app.recognizer import Prediction, Recognizer
from app.server.protocol import ShortcutProtocol
from app.settings import Settings

PNG = DIGITS[0].read_bytes()
LABEL = label_of(DIGITS[0])


def request_bytes(body: bytes = PNG, path: str = "/predict", *headers: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


class Connection:
    """A connection on which bytes are sent as they are."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self._reader = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        status, headers, content = self.bare_answer()
        return status, headers, json.loads(content)

    def bare_answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self._reader.readline().split()[1])
        headers = {}
        while line := self._reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            headers[name] = value
        return status, headers, self._reader.read(int(headers["content-length"]))

    def digit(self) -> int:
        return int(self.answer()[2]["digit"])


@pytest.fixture
def connection(service: str) -> Iterator[Connection]:
    with Connection(service) as connection:
        yield connection


class Counted:
    """An application that counts the requests that reach it."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


@contextmanager
def serving(recognizer: Recognizer, **settings: Any) -> Iterator[tuple[str, Counted]]:
    """The service in a thread, for what a process does not let see."""
    app = Counted(create_app(Settings(**settings), recognizer))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=ShortcutProtocol, log_level="error", lifespan="on")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", app
    finally:
        server.should_exit = True
        thread.join()


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def form(data: bytes, name: str = "file") -> tuple[bytes, str]:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x.png"\r\n\r\n'
    return head.encode() + data + b"\r\n--b--\r\n", "Content-Type: multipart/form-data; boundary=b"


DRAWING = ImageOps.invert(Image.open(DIGITS[0])).resize((200, 200))
PICTURES = {
    "digit": PNG,
    "drawing": encoded(DRAWING),
    "JPEG": encoded(DRAWING, "JPEG"),
    "large drawing": encoded(DRAWING.resize((900, 900), Image.Resampling.NEAREST)),
    "nothing drawn": encoded(Image.new("L", (28, 28))),
    "damaged": PNG[:80],
    "no image": b"seven",
    "empty": b"",
}


@pytest.mark.parametrize("case", PICTURES)
@pytest.mark.parametrize("way", ["bare", "form"])
def test_answer_is_that_of_the_route(connection: Connection, case: str, way: str) -> None:
    body, header = form(PICTURES[case]) if way == "form" else (PICTURES[case], "X-Way: bare")
    connection.send(request_bytes(body, "/predict", header))
    status, headers, answer = connection.answer()
    connection.send(request_bytes(body, "/predict?preprocess=auto", header))
    expected_status, expected_headers, expected = connection.answer()
    assert (status, answer) == (expected_status, expected)
    assert headers.keys() == expected_headers.keys()
    assert headers["content-type"] == expected_headers["content-type"]


@pytest.mark.parametrize(
    ("request_", "reaches_the_application"),
    [
        pytest.param(request_bytes(), 0, id="bare"),
        pytest.param(request_bytes(form(PNG)[0], "/predict", form(PNG)[1]), 0, id="form"),
        pytest.param(request_bytes(PICTURES["drawing"]), 0, id="drawing"),
        pytest.param(request_bytes(PNG, "/predict?include=image"), 1, id="with a query"),
        pytest.param(request_bytes(PICTURES["damaged"]), 1, id="damaged"),
        pytest.param(request_bytes(PICTURES["large drawing"]), 1, id="large"),
        pytest.param(request_bytes(PNG, "/predict", "Connection: close"), 1, id="last"),
    ],
)
def test_what_goes_the_whole_way(
    recognizer: Recognizer, request_: bytes, reaches_the_application: int
) -> None:
    with serving(recognizer) as (url, app), Connection(url) as connection:
        connection.send(request_)
        connection.answer()
        assert app.requests == reaches_the_application


def test_requests_at_the_same_time_get_their_own_answers(
    service: str, recognizer: Recognizer
) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(service)) for _ in DIGITS]
        for connection, path in zip(connections, DIGITS, strict=True):
            connection.send(request_bytes(path.read_bytes()))
        answers = [connection.answer()[2] for connection in connections]
    for answer, path in zip(answers, DIGITS, strict=True):
        expected = recognizer.log_probabilities(pixels_of(path)[None])[0].tolist()
        assert answer["log_probabilities"] == pytest.approx(expected, abs=1e-4)
        assert answer["digit"] == label_of(path)


@pytest.mark.parametrize("paths", [["/predict"], ["/predict", "/predict?include=image"]])
def test_pipelined_requests_are_answered_in_order(connection: Connection, paths: list[str]) -> None:
    requests = [
        request_bytes(path.read_bytes(), paths[index % len(paths)])
        for index, path in enumerate(DIGITS)
    ]
    connection.send(b"".join(requests))
    assert [connection.digit() for _ in DIGITS] == [label_of(path) for path in DIGITS]


def test_body_may_come_in_pieces(connection: Connection) -> None:
    data = request_bytes()
    for start in range(0, len(data), 50):
        connection.send(data[start : start + 50])
        time.sleep(0.01)
    assert connection.digit() == LABEL


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG),
            id="chunked",
        ),
        pytest.param(request_bytes().replace(b"HTTP/1.1", b"HTTP/1.0", 1), id="HTTP/1.0"),
        pytest.param(request_bytes(PNG, "/predict", "Connection: close"), id="closed after it"),
        pytest.param(request_bytes(PNG, "/predict", "Upgrade: h2c"), id="upgrade offered"),
        pytest.param(request_bytes().replace(b"/predict", b"/%70redict", 1), id="quoted path"),
    ],
)
def test_unusual_request_is_answered(connection: Connection, data: bytes) -> None:
    connection.send(data)
    assert connection.digit() == LABEL


def test_client_is_told_to_go_on(connection: Connection) -> None:
    head, _, body = request_bytes(PNG, "/predict", "Expect: 100-continue").partition(b"\r\n\r\n")
    connection.send(head + b"\r\n\r\n")
    assert connection.socket.recv(100).startswith(b"HTTP/1.1 100 Continue")
    connection.send(body)
    assert connection.digit() == LABEL


def test_clients_that_go_away_harm_no_one(service: str) -> None:
    for length in (40, len(request_bytes()) - 5, len(request_bytes())):
        with Connection(service) as gone:
            gone.send(request_bytes()[:length])
    with Connection(service) as connection:
        connection.send(request_bytes())
        assert connection.digit() == LABEL


def test_limit_of_bytes_holds(recognizer: Recognizer) -> None:
    tight = serving(recognizer, max_upload_bytes=len(PNG) - 1)
    with tight as (url, _), Connection(url) as connection:
        connection.send(request_bytes())
        status, _, problem = connection.answer()
    assert (status, problem["type"]) == (413, "urn:tinydigits:too-many-bytes")


def test_request_on_its_way_is_answered_before_the_end() -> None:
    with ServiceProcess() as service, Connection(service.url) as connection:
        data = request_bytes()
        connection.send(data[:-10])
        time.sleep(0.3)
        stopping = threading.Thread(target=service.stop)
        stopping.start()
        time.sleep(0.3)
        connection.send(data[-10:])
        status, headers, answer = connection.answer()
        stopping.join()
    assert (status, answer["digit"]) == (200, LABEL)
    assert headers["connection"] == "close"


@pytest.mark.parametrize("together", [1, 5])
def test_defect_of_the_engine_is_a_problem(recognizer: Recognizer, together: int) -> None:
    class Broken(Recognizer):
        def __init__(self) -> None:
            self.checkpoint = recognizer.checkpoint

        def predict(self, image: np.ndarray) -> Prediction:
            return recognizer.predict(image)  # the warm-up at the start

        def predict_each(self, _: object) -> list[Prediction]:
            raise RuntimeError("engine failure")

    with serving(Broken()) as (url, _), Connection(url) as connection:
        connection.send(request_bytes() * together)
        for _ in range(together):
            status, headers, problem = connection.answer()
            assert status == problem["status"] == 500
            assert headers["content-type"] == "application/problem+json"


def test_connection_is_kept(service: str) -> None:
    connection = http.client.HTTPConnection(service.removeprefix("http://"))
    connection.request("POST", "/predict", PNG)
    connection.getresponse().read()
    first = connection.sock
    connection.request("POST", "/predict", PNG)
    assert json.load(connection.getresponse())["digit"] == LABEL
    assert connection.sock is first
    connection.close()
