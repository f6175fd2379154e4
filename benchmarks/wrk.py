"""``wrk`` with the forty committed digits, one after the other."""

from __future__ import annotations

import re
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from contestants import DIGITS
from load import enlarged, form

SCRIPT = """
local files, requests, at = {%s}, {}, 0
init = function()
  for index, name in ipairs(files) do
    local file = io.open(name, "rb")
    requests[index] = wrk.format("POST", "/predict", {["Content-Type"] = "%s"}, file:read("*a"))
    file:close()
  end
end
request = function()
  at = at %% #requests + 1
  return requests[at]
end
"""
MILLISECONDS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Report:
    """What wrk saw, and what it took.

    Attributes:
        rate: answers a second.
        p50, p99: latency in milliseconds.
        processor_seconds: that wrk itself took of the cores.
        seconds: of wall time.
        cores: that wrk ran on.
        refused: other answers than 200, a second.
        late: requests that waited more than two seconds.
    """

    rate: float
    p50: float
    p99: float
    processor_seconds: float
    seconds: float
    cores: int
    refused: float = 0.0
    late: int = 0

    @property
    def rate_beside(self) -> float:
        """Answers a second if the service on the same cores had had wrk's share of them too."""
        return self.rate / (1 - self.processor_seconds / (self.cores * self.seconds))


def wrk(
    port: int,
    cores: set[int],
    connections: int,
    seconds: float,
    *,
    bare: bool = False,
    side: int = 28,
    refusals: bool = False,
) -> Report:
    """Load a service as fast as it answers, from a fixed number of connections, a thread a core.

    Args:
        side: pixels to which the digits are enlarged.
        refusals: other answers than 200, and answers after two seconds, are not counted.

    Raises:
        RuntimeError: an answer was not 200, or a connection failed.
    """
    with tempfile.TemporaryDirectory() as directory:
        names = []
        content_type = "image/png"
        for path in DIGITS:
            body = enlarged(path, side)
            if not bare:
                body, content_type = form(body)
            (Path(directory) / path.name).write_bytes(body)
            names.append(f'"{directory}/{path.name}"')
        script = Path(directory) / "digits.lua"
        script.write_text(SCRIPT % (", ".join(names), content_type))
        before = _children()
        text = subprocess.run(
            [
                *("taskset", "-c", ",".join(map(str, sorted(cores)))),
                *("wrk", "--latency", f"-t{len(cores)}", f"-c{connections}", f"-d{seconds:g}s"),
                *("-s", str(script), f"http://127.0.0.1:{port}/"),
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        spent = _children() - before
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect 0, read 0, write 0, timeout (\d+)", text)
    if (refused and not refusals) or ("Socket errors" in text and not (errors and refusals)):
        raise RuntimeError(text)
    rate = re.search(r"Requests/sec: +([\d.]+)", text)
    wall = re.search(r"requests in ([\d.]+)s", text)
    assert rate is not None
    assert wall is not None
    latencies = _latency(text, 50), _latency(text, 99)
    refused_rate = int(refused[1]) / float(wall[1]) if refused else 0.0
    late = int(errors[1]) if errors else 0
    return Report(
        float(rate[1]) - refused_rate,
        *latencies,
        spent,
        float(wall[1]),
        len(cores),
        refused_rate,
        late,
    )


def _latency(text: str, percent: int) -> float:
    found = re.search(rf" {percent}% +([\d.]+)(us|ms|s)", text)
    assert found is not None
    return float(found[1]) * MILLISECONDS[found[2]]


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
