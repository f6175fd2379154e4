"""The README's examples, run as a reader would run them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bulk_scoring import rows_of
from conftest import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text()
ADDRESS = "http://127.0.0.1:8000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def run(command: list[str]) -> str:
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return result.stdout


@pytest.mark.parametrize(
    ("command", "shown"), list(zip(blocks("bash"), blocks("json"), strict=True))
)
def test_curl_example_answers_as_shown(service: str, command: str, shown: str) -> None:
    answer = json.loads(run(["bash", "-c", command.replace(ADDRESS, service)]))
    expected = json.loads(shown)
    assert list(answer) == list(expected)
    for key, value in expected.items():
        tolerance = ROUNDED.get(key)
        assert answer[key] == (pytest.approx(value, abs=tolerance) if tolerance else value), key


ROUNDED = {"confidence": 0.00001, "log_probabilities": 0.06}
"""What an example shows rounded, and by how much; the rest it shows to the letter."""


def test_python_example_prints_the_digit(service: str) -> None:
    (code,) = blocks("python")
    assert run([sys.executable, "-c", code.replace(ADDRESS, service)]).startswith("7 ")


def test_mnist_is_scored_in_one_line(mnist_root: Path, tmp_path: Path) -> None:
    (line,) = re.findall(r"^python -m app\.bulk .*$", TEXT, re.MULTILINE)
    _, *words = line.replace("data/", f"{mnist_root}/").split()
    output = tmp_path / words.pop()
    printed = run([sys.executable, *words, str(output)])
    assert printed.startswith("10,000 images in ")
    assert printed.endswith("; errors: 0\n")
    labels = (mnist_root / "MNIST/raw/t10k-labels-idx1-ubyte").read_bytes()[8:]
    digits = [row["digit"] for row in rows_of(output)]
    assert sum(map(int.__eq__, digits, labels)) >= 9950
