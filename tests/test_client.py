"""The client, against the real service and against one that fails as services do."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import DIGITS, REPOSITORY, label_of
from service_process import ServiceProcess
from tinydigits_client import Client, Prediction, Refused, Unavailable

PICTURE = DIGITS[-1].read_bytes()
LABEL = label_of(DIGITS[-1])
ANSWER = (
    b'{"digit":3,"confidence":1,"log_probabilities":[0],"is_digit":true,"several_digits":false}'
)


def response(status: str, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextmanager
def server(*responses: bytes) -> Iterator[tuple[str, list[float]]]:
    """Gives one response a connection, then ends it; yields its address and when it was asked."""
    asked: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for one in responses:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(100_000)
                    asked.append(time.monotonic())
                    connection.sendall(one)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(10)


def test_digits_are_named(service: str) -> None:
    with Client(service) as client:
        for path in DIGITS[::8]:
            prediction = client.predict(path.read_bytes())
            assert prediction.digit == label_of(path)
            assert prediction.is_digit
            assert len(prediction.log_probabilities) == 10


def test_example_in_the_readme(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (REPOSITORY / "client/README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with contextlib.chdir(REPOSITORY):
        exec(example.replace("http://127.0.0.1:8000", service), {})
    assert capsys.readouterr().out.startswith("7 0.9")


def test_batch_has_problems_in_their_places(service: str) -> None:
    with Client(service) as client:
        first, second, third = client.predict_batch([PICTURE, b"seven", PICTURE])
    assert isinstance(first, Prediction)
    assert first == third
    assert first.digit == LABEL
    assert isinstance(second, Refused)
    assert second.status == 415


def test_model_is_told(service: str) -> None:
    with Client(service) as client:
        assert client.model_info()["parameters"] == 18_520


def test_refused_picture_says_why(service: str) -> None:
    with Client(service) as client, pytest.raises(Refused, match="415: The 5 bytes") as caught:
        client.predict(b"seven")
    assert caught.value.problem["type"] == "urn:tinydigits:not-an-image"


def test_service_that_comes_back_is_asked_again() -> None:
    with ServiceProcess() as service, Client(service.url) as client:
        assert client.predict(PICTURE).digit == LABEL
        service.stop()
        restart = threading.Timer(0.3, service.start)
        restart.start()
        assert client.predict(PICTURE).digit == LABEL
        restart.join()


def test_busy_service_is_asked_again_when_it_says() -> None:
    busy = response("503 Service Unavailable", b"{}", "Retry-After: 1")
    with server(busy, response("200 OK", ANSWER)) as (url, asked), Client(url) as client:
        assert client.predict(PICTURE).digit == 3
    assert 1 <= asked[1] - asked[0] < 3


def test_connection_that_breaks_is_made_again() -> None:
    with server(b"", response("200 OK", ANSWER)) as (url, asked), Client(url) as client:
        assert client.predict(PICTURE).digit == 3
    assert len(asked) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 413, 415, 422, 429, 500])
def test_what_would_not_help_is_not_tried_again(status: int) -> None:
    refusal = response(f"{status} No", b'{"detail":"why"}', "Retry-After: 0")
    refused = pytest.raises(Refused, match=f"{status}: why")
    with server(refusal) as (url, asked), Client(url) as client, refused:
        client.predict(PICTURE)
    assert len(asked) == 1


def test_patience_ends() -> None:
    busy = response("503 Service Unavailable", b"a proxy's page", "Retry-After: 60")
    told = pytest.raises(Unavailable, match="no answer in 1 s: 503: Service Unavailable")
    with server(busy) as (url, _), Client(url, patience=1) as client, told:
        client.predict(PICTURE)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = pytest.raises(Unavailable, match="refused")
    with Client(f"http://127.0.0.1:{port}", patience=0.3) as client, told:
        client.predict(PICTURE)


def test_key_is_sent() -> None:
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(100_000))
                connection.sendall(response("200 OK", ANSWER))

        thread = threading.Thread(target=serve)
        thread.start()
        with Client(f"http://127.0.0.1:{listener.getsockname()[1]}/v", api_key="k") as client:
            client.predict(PICTURE)
        thread.join(10)
    assert heard[0].startswith(b"POST /v/predict ")
    assert b"Authorization: Bearer k\r\n" in heard[0]


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(ValueError, match="is not the URL of a service"):
        Client("localhost:8000")
