import json
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY


def test_accuracy_over_http_is_the_networks_digit_for_digit(service: str, mnist_root: Path) -> None:
    command = [sys.executable, "benchmarks/http_accuracy.py", "--url", service]
    result = subprocess.run(
        [*command, "--data", str(mnist_root)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    card = json.loads((REPOSITORY / "weights/digits.json").read_text())
    offline, online, difference = result.stdout.splitlines()
    expected = f"{card['accuracy']['correct']:,} of 10,000"
    assert expected in offline
    assert expected in online
    assert difference.startswith("digits that differ: 0;")
