"""What the documents point to exists, and what exists is in the plan of the code."""

import re
from pathlib import Path

from conftest import REPOSITORY

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "client/*.md", "deploy/*.md")
    for path in REPOSITORY.glob(pattern)
)


def test_every_linked_file_exists() -> None:
    links = {
        document: re.findall(r"\]\(([^)#\s]+)", document.read_text()) for document in DOCUMENTS
    }
    assert links[REPOSITORY / "README.md"]
    files = [(one, link) for one, found in links.items() for link in found if "://" not in link]
    assert [(one, link) for one, link in files if not (one.parent / link).exists()] == []


def test_every_linked_heading_exists() -> None:
    links = [
        ((document.parent / link) if link else document, heading)
        for document in DOCUMENTS
        for link, heading in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", document.read_text())
    ]
    assert links
    assert [(path, name) for path, name in links if name not in headings(path)] == []


def headings(document: Path) -> set[str]:
    """Names by which GitHub links to a document's headings."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_module_stands_in_the_architecture() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text()
    modules = [
        module.name
        for pattern in ("app/**/*.py", "training/*.py")
        for module in REPOSITORY.glob(pattern)
        if not module.name.startswith("__")
    ]
    assert len(modules) > 50
    assert [name for name in modules if f"`{name}`" not in text] == []
