"""What a test needs and this machine does not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def end_without(what: str) -> NoReturn:
    """Skip the test that needs it; in CI, where everything has to be there, the test fails."""
    end = pytest.fail if os.environ.get("CI") else pytest.skip
    end(f"needs {what}")
