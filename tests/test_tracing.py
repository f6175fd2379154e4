"""OpenTelemetry's traces, sent to a collector of the test's own."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from service_process import ServiceProcess
from test_gate import TRACEPARENT, ask


def test_traces_go_on_from_the_client() -> None:
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        with ServiceProcess(TRACING="true", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as service:
            assert ask(service.url, "/predict", f"traceparent: {TRACEPARENT}")[0] == 200
        server.shutdown()
        thread.join()
    spans = [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    _, trace, parent, _ = TRACEPARENT.split("-")
    (span,) = [one for one in spans if one.parent_span_id.hex() == parent]
    assert span.trace_id.hex() == trace
    assert span.name == "POST /predict"
