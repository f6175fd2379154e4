"""The service as a whole: what it says of itself, and as a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import DIGITS, REPOSITORY, label_of
from fastapi.testclient import TestClient
from service_process import ServiceProcess

from app.routes.schemas import PredictionOut


def test_model_info(client: TestClient) -> None:
    info = client.get("/model-info").json()
    assert info["parameters"] == 18_520
    assert info["normalization"] == {"mean": 0.1307, "std": 0.3081}
    assert sum(layer["parameters"] for layer in info["layers"]) == 18_520
    assert info["accuracy"]["images"] == 10_000
    card = json.loads((REPOSITORY / "weights/digits.json").read_text())
    assert info["sha256"] == card["sha256"]["digits.onnx"]
    assert set(info["versions"]) == {"tinydigits", "onnxruntime", "python"}


def test_health(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}


def test_page_is_served_with_its_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


def test_modules_come_with_the_policy_of_the_page(client: TestClient) -> None:
    """A worker is under its own script's policy; one that allows nothing would keep it empty."""
    policy = client.get("/").headers["content-security-policy"]
    module = client.get("/static/network-worker.js")
    again = client.get(
        "/static/network-worker.js", headers={"If-None-Match": module.headers["etag"]}
    )
    assert (module.status_code, again.status_code) == (200, 304)
    assert module.headers["content-security-policy"] == policy
    assert again.headers["content-security-policy"] == policy


def test_parts_of_the_page_are_compressed(client: TestClient) -> None:
    style = client.get("/static/page.css")
    assert style.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/model-info").headers


def test_description_of_predict_is_complete(client: TestClient) -> None:
    predict = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    accepted = predict["requestBody"]["content"]
    assert {"multipart/form-data", "image/png", "image/jpeg", "image/tiff"} <= set(accepted)
    assert set(predict["responses"]) == {"200", "400", "401", "408", "413", "415", "422", "503"}
    for status in ("400", "401", "408", "413", "415", "422", "503"):
        assert list(predict["responses"][status]["content"]) == ["application/problem+json"]


def test_every_route_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {path: list(methods) for path, methods in paths.items()} == {
        "/predict": ["post"],
        "/predict/batch": ["post"],
        "/model-info": ["get"],
        "/health/live": ["get"],
        "/health/ready": ["get"],
        "/metrics": ["get"],
        "/v2": ["get"],
        "/v2/health/live": ["get"],
        "/v2/health/ready": ["get"],
        "/v2/models/digits": ["get"],
        "/v2/models/digits/ready": ["get"],
        "/v2/models/digits/infer": ["post"],
    }
    for path, methods in paths.items():
        for route in methods.values():
            assert route["summary"]
            if path != "/metrics" and not path.startswith("/v2"):  # whose forms others define
                (schema,) = route["responses"]["200"]["content"]["application/json"].values()
                assert "$ref" in schema


def test_parameters_of_predict_are_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    names = [parameter["name"] for parameter in paths["/predict"]["post"]["parameters"]]
    assert names == ["include", "preprocess"]
    names = [parameter["name"] for parameter in paths["/predict/batch"]["post"]["parameters"]]
    assert names == ["preprocess"]


def test_description_of_batch_is_complete(client: TestClient) -> None:
    batch = client.get("/openapi.json").json()["paths"]["/predict/batch"]["post"]
    content = batch["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/octet-stream"}
    assert set(batch["responses"]) == {"200", "400", "401", "408", "413", "415", "422", "503"}
    assert set(batch["responses"]["200"]["content"]) == {
        "application/json",
        "application/x-ndjson",
    }


@pytest.mark.parametrize("path", ["/predict", "/predict?include=image&include=class_maps"])
def test_answer_is_as_documented(service: str, path: str) -> None:
    request = urllib.request.Request(f"{service}{path}", DIGITS[0].read_bytes())
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.load(response)
    expected = PredictionOut.model_validate(answer).model_dump(mode="json", exclude_none=True)
    assert answer == expected


def test_docs_are_served(client: TestClient) -> None:
    assert client.get("/docs").status_code == 200


def ask(url: str) -> int:
    path = DIGITS[-1]
    request = urllib.request.Request(f"{url}/predict", path.read_bytes())
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(json.load(response)["digit"]) - label_of(path)


@pytest.mark.parametrize("workers", ["1", "2", "auto"])
def test_environment_is_honoured(workers: str) -> None:
    with ServiceProcess(WORKERS=workers, HOST="127.0.0.1") as service:
        assert all(ask(service.url) == 0 for _ in range(8))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere connections are not dealt out")
def test_every_worker_gets_its_share_of_connections() -> None:
    with ServiceProcess(WORKERS="2") as service:
        while listeners(service.port) < 2:  # ready is said by the first worker
            time.sleep(0.05)
        with ExitStack() as stack:
            for _ in range(64):
                connection = socket.create_connection(("127.0.0.1", service.port))
                stack.enter_context(connection)
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            shares = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in workers_of(service)]
    assert len(shares) == 2
    assert min(shares) > 20  # a fair coin falls so low once in a million series


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers outlive their parent")
def test_no_worker_outlives_its_parent() -> None:
    with ServiceProcess(WORKERS="2") as service:
        while listeners(service.port) < 2:
            time.sleep(0.05)
        service.process.kill()
        deadline = time.monotonic() + 20
        while listeners(service.port):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def listeners(port: int) -> int:
    """Sockets that listen on a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows[1:])


def workers_of(service: ServiceProcess) -> list[int]:
    """The processes that a service of several workers has started."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            environment = (directory / "environ").read_bytes()
            arguments = (directory / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if f"PORT={service.port}\0".encode() in environment and b"spawn_main" in arguments:
            found.append(int(directory.name))
    return found


def test_port_that_is_taken_is_told() -> None:
    with ServiceProcess(WORKERS="2") as service:
        second = subprocess.run(
            [sys.executable, "-m", "app"],
            cwd=REPOSITORY,
            env=os.environ | {"PORT": str(service.port), "WORKERS": "2"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert second.returncode != 0
    assert "Address already in use" in second.stderr


def test_help_names_every_setting() -> None:
    command = [sys.executable, "-m", "app", "--help"]
    text = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True).stdout
    for option in ("--host", "--port", "--workers", "--weights", "--max-upload-bytes"):
        assert option in text


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("PORT", "http", "error: --port: Input should be a valid integer"),
        ("WORKERS", "0", "error: --workers: Input should be greater than or equal to 1"),
        ("MAX_PIXELS", "-1", "error: --max-pixels: Input should be greater than or equal to 1"),
    ],
)
def test_setting_that_can_not_be_is_one_clear_line(variable: str, value: str, line: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=REPOSITORY,
        env=os.environ | {variable: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 2
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("package", "foreign"), [("app", "training"), ("training", "app")])
def test_service_and_trainer_never_import_each_other(package: str, foreign: str) -> None:
    modules = sorted((REPOSITORY / package).rglob("*.py"))
    assert modules
    for module in modules:
        text = module.read_text()
        assert f"from {foreign}" not in text, module
        assert f"import {foreign}" not in text, module


def test_engine_does_not_report_to_its_maker() -> None:
    code = "import os, app.recognizer; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_service_does_not_load_torch() -> None:
    code = (
        "import sys, app.__main__; assert 'torch' not in sys.modules and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
