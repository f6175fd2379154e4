"""The table of all settings, ``docs/settings.md``, from the class that defines them.

::

    python scripts/settings.py > docs/settings.md
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.settings import Settings

HEAD = """# Settings

Each is set by its environment variable, or by its option of `python -m app`, which goes first.
Made by `python scripts/settings.py > docs/settings.md`; a test compares it with the code.

| variable | option | default | what it sets |
|---|---|---|---|"""


def default_of(name: str) -> str:
    """A setting's default, as it is written in the environment."""
    value: Any = Settings.model_fields[name].default
    if name == "weights":
        return "`weights`"
    if value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def table() -> str:
    """The document."""
    rows = [
        f"| `{name.upper()}` | `--{name.replace('_', '-')}` | {default_of(name)} "
        f"| {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([HEAD, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(table())
