"""Every setting is documented, and works as documented."""

import subprocess
import sys

import pytest
from conftest import REPOSITORY
from pydantic import ValidationError

from app.settings import Settings


def run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout


def test_table_is_that_of_the_code() -> None:
    assert (REPOSITORY / "docs/settings.md").read_text() == run("scripts/settings.py")


def test_help_names_every_setting() -> None:
    text = run("-m", "app", "--help")
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in text
        assert field.description


@pytest.mark.parametrize(
    "limits",
    [
        {"max_upload_bytes": 1_000_000, "max_batch_bytes": 1, "max_buffered_bytes": 999_999},
        {"max_batch_bytes": 2**30},
    ],
)
def test_largest_body_fits_in_memory(limits: dict[str, int]) -> None:
    with pytest.raises(
        ValidationError, match="max_buffered_bytes\n  Input should be at least MAX_"
    ):
        Settings(**limits)


@pytest.mark.parametrize("name", ["API_KEYS", "CORS_ORIGINS"])
def test_lists_have_commas(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, " a,b , ,c")
    values = getattr(Settings(), name.lower())
    texts = [str(one) if name == "CORS_ORIGINS" else one.get_secret_value() for one in values]
    assert texts == ["a", "b", "c"]
