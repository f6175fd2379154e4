"""The README's examples, run as a reader would run them."""

import json
import re
import subprocess
import sys

import pytest
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
    assert {key: answer[key] for key in expected if key in STABLE} == {
        key: expected[key] for key in expected if key in STABLE
    }


STABLE = {"digit", "preprocessing", "type", "title", "status"}
"""What an example shows to the letter; the rest are numbers that a new checkpoint changes."""


def test_python_example_prints_the_digit(service: str) -> None:
    (code,) = blocks("python")
    assert run([sys.executable, "-c", code.replace(ADDRESS, service)]).startswith("7 ")


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
