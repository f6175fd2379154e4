"""What every answer must have, whether the route gives it or the shortcut."""

import io
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from conftest import DIGITS, pixels_of
from fastapi.testclient import TestClient
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from service_process import ServiceProcess
from test_shortcut import PNG, Connection, request_bytes, serving

from app.recognizer import Recognizer
from app.server.gate import WATCH_SECONDS
from app.telemetry.access_log import AccessLog
from app.telemetry.exchange import TOGETHER, Exchanges

DIGITS_PIXELS = b"".join(pixels_of(path).tobytes() for path in DIGITS)
PATHS = {"shortcut": "/predict", "route": "/predict?preprocess=auto"}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return PATHS[request.param]


def ask(url: str, path: str, *headers: str, body: bytes = PNG) -> tuple[int, dict[str, str], Any]:
    with Connection(url) as connection:
        connection.send(request_bytes(body, path, *headers))
        return connection.answer()


def get(url: str, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
    lines = (f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")
    with Connection(url) as connection:
        connection.send("\r\n".join(lines).encode())
        return connection.bare_answer()


def values(url: str) -> dict[str, float]:
    """What /metrics says, by name and labels."""
    text = get(url, "/metrics")[2].decode()
    return {
        ",".join([sample.name, *map(str, sample.labels.values())]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class TestHeaders:
    def test_security(self, service: str, path: str) -> None:
        _, headers, _ = ask(service, path)
        assert SECURITY.items() <= headers.items()
        assert "server" not in headers

    @pytest.mark.parametrize("body", [b"", b"no picture"])
    def test_security_on_refusals(self, service: str, path: str, body: bytes) -> None:
        _, headers, _ = ask(service, path, body=body)
        assert SECURITY.items() <= headers.items()

    @pytest.mark.parametrize(
        "data", [b"\0\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\x16\x03\x01\x02\0"]
    )
    def test_what_is_not_http(self, service: str, data: bytes) -> None:
        with Connection(service) as connection:
            connection.send(data)
            status, headers, problem = connection.answer()
        assert (status, problem["type"]) == (400, "urn:tinydigits:malformed-http")
        assert headers["content-type"] == "application/problem+json"
        assert SECURITY.items() <= headers.items()

    @pytest.mark.parametrize(
        "sent", ["7", "0b5a2f9e-7d0c-4f8e-9f0e-3c1d2b4a5f6e", "a.b_c:d/e+f=" * 10]
    )
    def test_request_id_is_kept(self, service: str, path: str, sent: str) -> None:
        assert ask(service, path, f"X-Request-ID: {sent}")[1]["x-request-id"] == sent

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 129, 'a"b', "<script>", "é"])
    def test_request_id_that_is_not_sane_is_replaced(
        self, service: str, path: str, sent: str
    ) -> None:
        ids = [ask(service, path, f"X-Request-ID: {sent}")[1]["x-request-id"] for _ in range(2)]
        assert all(re.fullmatch("[0-9a-f]{24}", one) for one in ids)
        assert ids[0] != ids[1]

    def test_traceparent_is_carried(self, service: str, path: str) -> None:
        assert ask(service, path, f"traceparent: {TRACEPARENT}")[1]["traceparent"] == TRACEPARENT

    @pytest.mark.parametrize("sent", ["00-1-2-01", TRACEPARENT.replace("0af7", "0AF7")])
    def test_traceparent_that_is_none_is_dropped(self, service: str, path: str, sent: str) -> None:
        assert "traceparent" not in ask(service, path, f"traceparent: {sent}")[1]


class TestKeys:
    @pytest.fixture(scope="class")
    @classmethod
    def keyed(cls, recognizer: Recognizer) -> Iterator[str]:
        with serving(recognizer, api_keys="first, sécond", metrics="key") as (url, _):
            yield url

    @pytest.mark.parametrize(
        "header",
        [
            "Authorization: Bearer first",
            "authorization: bearer first",
            "X-API-Key: first",
            f"Authorization: Basic {b64encode(b'anyone:first').decode()}",
        ],
    )
    def test_key_opens(self, keyed: str, path: str, header: str) -> None:
        assert ask(keyed, path, header)[0] == 200

    @pytest.mark.parametrize(
        "header",
        [
            "X: y",
            "X-API-Key: ",
            "X-API-Key: second",
            "X-API-Key: first, sécond",
            "Authorization: first",
            "Authorization: Bearer",
            "Authorization: Basic !",
            f"Authorization: Basic {b64encode(b'first:').decode()}",
        ],
    )
    def test_what_is_no_key_does_not(self, keyed: str, path: str, header: str) -> None:
        status, headers, problem = ask(keyed, path, header)
        assert (status, problem["type"]) == (401, "urn:tinydigits:no-key")
        assert "Bearer" in headers["www-authenticate"]
        assert SECURITY.items() <= headers.items()

    @pytest.mark.parametrize("path", ["/", "/docs", "/model-info", "/metrics", "/v2", "/x"])
    def test_all_else_is_closed(self, keyed: str, path: str) -> None:
        assert get(keyed, path)[0] == 401

    @pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v2/health/ready"])
    def test_health_is_open(self, keyed: str, path: str) -> None:
        assert get(keyed, path)[0] == 200

    def test_metrics_may_be_open(self, recognizer: Recognizer) -> None:
        with serving(recognizer, api_keys="first") as (url, _):
            assert get(url, "/metrics")[0] == 200

    def test_metrics_may_be_off(self, recognizer: Recognizer) -> None:
        with serving(recognizer, metrics="off") as (url, _):
            assert get(url, "/metrics")[0] == 404


class TestOrigins:
    def test_none_is_allowed_by_default(self, service: str, path: str) -> None:
        _, headers, _ = ask(service, path, "Origin: https://other.example")
        assert not [name for name in headers if name.startswith("access-control")]

    def test_only_those_configured_are(self, recognizer: Recognizer, path: str) -> None:
        with serving(recognizer, cors_origins="https://a.example,https://b.example") as (url, _):
            _, headers, _ = ask(url, path, "Origin: https://b.example")
            assert headers["access-control-allow-origin"] == "https://b.example"
            _, headers, _ = ask(url, path, "Origin: https://other.example")
            assert "access-control-allow-origin" not in headers
            _, headers, _ = ask(url, path)
            assert "access-control-allow-origin" not in headers

    def test_they_may_need_a_key(self, recognizer: Recognizer, path: str) -> None:
        """A browser asks first, without the key, and shows its page what was refused."""
        origin = "Origin: https://a.example"
        with serving(recognizer, cors_origins="https://a.example", api_keys="first") as (url, _):
            with Connection(url) as connection:
                connection.send(
                    f"OPTIONS {path} HTTP/1.1\r\nHost: x\r\n{origin}\r\n"
                    "Access-Control-Request-Method: POST\r\n"
                    "Access-Control-Request-Headers: x-api-key\r\n\r\n".encode()
                )
                status, headers, _ = connection.bare_answer()
            assert status == 200
            assert headers["access-control-allow-headers"] == "x-api-key"
            for key, expected in (("first", 200), ("other", 401)):
                status, headers, _ = ask(url, path, origin, f"X-API-Key: {key}")
                assert status == expected
                assert headers["access-control-allow-origin"] == "https://a.example"


class TestAdmission:
    """One request is worked on as long as a test lasts: its client takes none of the answers."""

    @pytest.fixture
    def full(self, recognizer: Recognizer) -> Iterator[str]:
        with serving(recognizer, max_in_flight=1) as (url, _), Connection(url) as slow:
            slow.send(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
            while values(url)["http_requests_in_flight"] < 1:
                pass
            yield url

    def test_one_too_many_is_refused(self, full: str, path: str) -> None:
        status, headers, problem = ask(full, path)
        assert (status, problem["type"]) == (503, "urn:tinydigits:busy")
        assert headers["retry-after"] == "1"
        assert headers["content-type"] == "application/problem+json"
        assert SECURITY.items() <= headers.items()
        assert headers["x-request-id"]

    @pytest.mark.parametrize(
        ("headers", "like"),
        [
            ((), ()),
            (("Connection: keep-alive", "Accept: */*"), ()),
            (("X-Request-ID: mine",), ("x-request-id: mine",)),
            (("Connection: close",), ("connection: close",)),
            (("Expect: 100-continue",), ()),
        ],
    )
    def test_refused_alike_whatever_the_headers(
        self, full: str, headers: tuple[str, ...], like: tuple[str, ...]
    ) -> None:
        status, answered, problem = ask(full, "/predict", *headers)
        _, parsed, same = ask(full, "/predict", "X-Other: 1")
        assert (status, problem) == (503, same)
        assert {f"{name}: {answered[name]}" for name in answered} >= set(like)
        assert set(answered) - {"connection"} == set(parsed)

    def test_whoever_is_refused_may_ask_again(self, full: str) -> None:
        with Connection(full) as connection:
            for more in ((), ("X-Other: 1",), ()):
                connection.send(request_bytes(PNG, "/predict", *more))
                assert connection.answer()[0] == 503

    def test_refusals_are_counted_and_told_apart(self, full: str) -> None:
        count = 2 * TOGETHER + 1
        names = [
            "http_requests_total,/predict,503",
            "http_request_duration_seconds_count,/predict",
            "tinydigits_problems_total,busy",
        ]
        before = values(full)
        ids = [ask(full, "/predict", *more)[1]["x-request-id"] for more in ((), ("X-Other: 1",))]
        ids += [ask(full, "/predict")[1]["x-request-id"] for _ in range(count - 2)]
        time.sleep(2 * WATCH_SECONDS)
        after = values(full)
        assert [after[name] - before.get(name, 0) for name in names] == [count] * 3
        assert len(set(ids)) == count

    @pytest.mark.parametrize(
        "lengths", [("Content-Length: 1",), ("Transfer-Encoding: chunked",), ("Content-Length: x",)]
    )
    def test_two_lengths_are_refused_as_such(self, full: str, lengths: tuple[str, ...]) -> None:
        assert ask(full, "/predict", *lengths)[0] == 400

    @pytest.mark.parametrize("path", ["/model-info", "/", "/v2/models/digits"])
    def test_so_is_what_has_no_body(self, full: str, path: str) -> None:
        assert get(full, path)[0] == 503

    @pytest.mark.parametrize(
        "path", ["/health/live", "/health/ready", "/v2/health/live", "/metrics"]
    )
    def test_health_and_metrics_are_answered(self, full: str, path: str) -> None:
        assert get(full, path)[0] == 200

    def test_who_asks_again_at_once_waits(self, full: str) -> None:
        with Connection(full) as connection:
            connection.send(request_bytes() * 2)
            assert connection.answer()[0] == 503
            assert connection.answer()[0] == 503

    def test_bytes_in_memory_are_bounded(self, recognizer: Recognizer) -> None:
        names = ("max_buffered_bytes", "max_upload_bytes", "max_batch_bytes")
        with serving(recognizer, **dict.fromkeys(names, 100_000)) as (url, _):
            with Connection(url) as half:
                half.send(request_bytes(bytes(90_000), "/predict")[:-5])
                while values(url)["http_request_buffered_bytes"] < 80_000:
                    pass
                status, headers, problem = ask(url, "/predict", body=bytes(50_000))
                assert (status, problem["type"]) == (503, "urn:tinydigits:busy")
                assert headers["retry-after"] == "1"
                assert ask(url, "/predict")[0] == 200
            while values(url)["http_request_buffered_bytes"] > 0:
                pass


class TestOtherProtocols:
    """What Java's client and ``curl --http2`` offer, and what HTTP was before 1.1."""

    OFFER = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEA")

    def test_another_protocol_is_declined(self, service: str, path: str) -> None:
        with Connection(service) as connection:
            for _ in range(2):
                connection.send(request_bytes(PNG, path, *self.OFFER))
                assert connection.answer()[0] == 200

    def test_so_it_is_if_the_body_comes_later(self, service: str, path: str) -> None:
        data = request_bytes(PNG, path, *self.OFFER)
        with Connection(service) as connection:
            connection.send(data[: -len(PNG)])
            time.sleep(0.05)
            connection.send(data[-len(PNG) :])
            assert connection.answer()[0] == 200

    def test_body_that_speaks_of_it_stays(self, service: str) -> None:
        form = b"--b\r\nUpgrade: x\r\nContent-Disposition: form-data; name=file\r\n\r\n%b\r\n--b--"
        kind = "Content-Type: multipart/form-data; boundary=b"
        assert ask(service, "/predict", kind, body=form % PNG)[0] == 200

    def test_connection_of_the_old_version_ends(self, service: str, path: str) -> None:
        data = request_bytes(PNG, path, "Connection: keep-alive")
        with Connection(service) as connection:
            connection.send(data.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
            start = time.monotonic()
            assert connection.answer()[0] == 200
            assert connection.socket.recv(1) == b""
            assert time.monotonic() - start < 2


class TestClientsThatGoAway:
    def test_large_picture_is_recorded_as_such(self, recognizer: Recognizer) -> None:
        picture = io.BytesIO()
        Image.effect_noise((4000, 3000), 50).save(picture, "JPEG")
        with serving(recognizer) as (url, _):
            with Connection(url) as connection:
                connection.send(request_bytes(picture.getvalue()))
                while values(url)["http_requests_in_flight"] < 1:
                    pass
            while "http_requests_total,/predict,499" not in (counts := values(url)):
                assert not [name for name in counts if re.match(".*/predict,[24]", name)]

    @pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
    def test_batch_is_abandoned_and_recorded_as_such(
        self, recognizer: Recognizer, kind: str
    ) -> None:
        name = "http_requests_total,/predict/batch,499"
        with serving(recognizer) as (url, _):
            with Connection(url) as connection:
                many = bytes([1]) * 784 * 20_000
                connection.send(request_bytes(many, "/predict/batch", f"Accept: {kind}"))
                while values(url)["http_requests_in_flight"] < 1:
                    pass
            deadline = time.monotonic() + 20
            while name not in (counts := values(url)):
                assert time.monotonic() < deadline
            named = sum(counts[f"tinydigits_predictions_total,{digit}"] for digit in range(10))
            assert named < 20_000
            assert counts["http_requests_in_flight"] == 0


class TestMetrics:
    def test_errors_are_a_nought_before_the_first(self, recognizer: Recognizer) -> None:
        with serving(recognizer) as (url, _):
            assert values(url)["http_requests_total,/predict,500"] == 0

    def test_both_paths_are_counted(self, recognizer: Recognizer, path: str) -> None:
        with serving(recognizer) as (url, _):
            before = values(url)
            for digit in DIGITS[:3]:
                ask(url, path, body=digit.read_bytes())
            ask(url, path, body=b"no picture")
            after = values(url)

        def grown(name: str) -> float:
            return after[name] - before.get(name, 0)

        assert grown("http_requests_total,/predict,200") == 3
        assert grown("http_requests_total,/predict,415") == 1
        assert grown("http_request_duration_seconds_count,/predict") == 4
        assert grown("tinydigits_problems_total,not-an-image") == 1
        assert grown("tinydigits_confidence_count") == 3
        assert grown("tinydigits_preprocessing_seconds_count") == 3
        assert grown("tinydigits_inference_seconds_count") == 3
        assert 0 < grown("tinydigits_inference_seconds_sum") < 3
        assert grown(f"tinydigits_predictions_total,{DIGITS[0].name[0]}") >= 1
        sent = sum(len(digit.read_bytes()) for digit in DIGITS[:3]) + len(b"no picture")
        assert grown("http_request_body_bytes_total") == sent
        assert after["http_requests_in_flight"] == 0
        assert after["http_connections"] >= 1

    def test_batches_are_counted(self, client: TestClient) -> None:
        def text() -> str:
            return client.get("/metrics").text

        client.post("/predict/batch", content=bytes(784) + DIGITS_PIXELS)
        assert 'tinydigits_predictions_total{digit="0"} 4.0' in text()
        assert 'tinydigits_problems_total{kind="blank-picture"} 1.0' in text()

    def test_paths_that_do_not_exist_share_a_label(self, client: TestClient) -> None:
        for number in range(3):
            client.get(f"/{number}")
        assert 'http_requests_total{path="other",status="404"} 3.0' in client.get("/metrics").text

    def test_all_workers_are_counted(self) -> None:
        with ServiceProcess(WORKERS="2") as service:
            while "process_resident_memory_bytes,1" not in values(service.url):
                time.sleep(0.05)  # ready is said by the first worker
            for _ in range(20):
                assert ask(service.url, "/predict")[0] == 200
            time.sleep(2 * WATCH_SECONDS)  # by then each worker has counted its requests
            counts = [values(service.url) for _ in range(10)]
        assert {one["http_requests_total,/predict,200"] for one in counts} == {20}


class TestLog:
    @pytest.mark.parametrize("form", ["json", "text"])
    def test_one_line_a_request(self, tmp_path: Path, form: str) -> None:
        output = tmp_path / "log"
        with ServiceProcess(output, LOG_FORMAT=form) as service:
            for index, path in enumerate(PATHS.values()):
                ask(service.url, path, f"X-Request-ID: id-{index}", f"traceparent: {TRACEPARENT}")
                ask(service.url, path, f"X-Request-ID: bad-{index}", body=b"secret picture")
        text = output.read_text()
        assert "secret" not in text
        for name in ("id-0", "id-1", "bad-0", "bad-1"):
            assert len(re.findall(rf"\b{name}\b", text)) == 1
        if form == "json":
            self.check(text)

    @staticmethod
    def check(text: str) -> None:
        records = [json.loads(line) for line in text.splitlines()]
        requests = {one["request_id"]: one for one in records if "request_id" in one}
        for index in range(2):
            good, bad = requests[f"id-{index}"], requests[f"bad-{index}"]
            assert good["method"] == "POST"
            assert (good["path"], good["status"]) == ("/predict", 200)
            assert good["request_bytes"] == len(PNG)
            assert good["response_bytes"] > 100
            assert 0 < good["duration_ms"] < 10_000
            assert good["trace_id"] == TRACEPARENT.split("-")[1]
            assert (bad["status"], bad["problem"]) == (415, "not-an-image")
        assert all(one["time"].endswith("Z") and one["level"] for one in records)

    @pytest.mark.parametrize("form", ["json", "text"])
    def test_alike_requests_have_lines_like_others(
        self, tmp_path: Path, form: Literal["json", "text"]
    ) -> None:
        request = Exchanges().begin("POST", '/"\\é\n', None, b"mine", TRACEPARENT.encode())
        request.end, request.status, request.sent = request.start + 0.00125, 503, 149
        request.problem, request.received = "busy", 7
        with (tmp_path / "log").open("wb") as file:
            log = AccessLog(form, file.fileno())
            log.write([request])
            log.write_alike(request, [(request.end, None, b"mine"), (request.end, "::1", b"2")])
            log.close()
        first, same, other = (tmp_path / "log").read_text().splitlines()
        behind = 9 + 27 if form == "json" else 29  # the time, which is taken anew
        assert same[behind:] == first[behind:]
        assert "::1" in other
        if form == "json":
            line = json.loads(other)
            moment = datetime.fromisoformat(line.pop("time")).timestamp()
            assert moment == pytest.approx(time.time(), abs=60)
            _, trace, parent, _ = TRACEPARENT.split("-")
            assert line == {
                "level": "info",
                "message": "request",
                "method": "POST",
                "path": '/"\\é\n',
                "status": 503,
                "duration_ms": 1.25,
                "request_bytes": 7,
                "response_bytes": 149,
                "client": "::1",
                "request_id": "2",
                "trace_id": trace,
                "parent_id": parent,
                "problem": "busy",
            }

    def test_log_may_be_off(self, tmp_path: Path) -> None:
        output = tmp_path / "log"
        with ServiceProcess(output, ACCESS_LOG="false") as service:
            ask(service.url, "/predict", "X-Request-ID: mine")
        assert "mine" not in output.read_text()
