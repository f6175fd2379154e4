"""What the documents point to exists, and what exists is in the plan of the code."""

import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "client/*.md", "deploy/*.md")
    for path in REPOSITORY.glob(pattern)
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_linked_file_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (document.parent / link).exists()] == []


def test_every_module_stands_in_the_architecture() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    modules = [
        module.name
        for pattern in ("app/*.py", "app/bulk/*.py", "training/*.py")
        for module in REPOSITORY.glob(pattern)
        if not module.name.startswith("__")
    ]
    assert len(modules) > 50
    assert [name for name in modules if f"`{name}`" not in text] == []
