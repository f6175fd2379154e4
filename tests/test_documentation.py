"""``/docs``: its parts are sent compressed, and nothing else is served beside them."""

import gzip

import pytest
from fastapi.testclient import TestClient

from app.routes.documentation import COMPRESSED, DIRECTORY


@pytest.mark.parametrize("name", COMPRESSED)
def test_parts_are_sent_compressed_to_who_takes_it(client: TestClient, name: str) -> None:
    compressed = client.get(f"/docs/{name}", headers={"Accept-Encoding": "gzip"})
    plain = client.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert compressed.content == plain.content
    assert plain.content == gzip.decompress((DIRECTORY / f"{name}.gz").read_bytes())


@pytest.mark.parametrize("name", ["LICENSE", "..%2fsettings.py", "index.html", "x"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404
