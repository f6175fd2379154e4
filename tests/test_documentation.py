"""``/docs`` in a real browser: nothing leaves the service, nothing is refused by its policy."""

import gzip
from collections.abc import Iterator

import pytest
from conftest import DIGITS
from fastapi.testclient import TestClient
from playwright.sync_api import Page, sync_playwright

from app.documentation import COMPRESSED, DIRECTORY


@pytest.fixture
def page() -> Iterator[Page]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield browser.new_page()
        browser.close()


def test_docs_work_without_the_internet(page: Page, service: str) -> None:
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(90_000)
    page.goto(f"{service}/docs")
    page.get_by_text("Name the digit on a picture").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("input[type=file]").set_input_files(DIGITS[0])
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").get_by_text('"log_probabilities"').wait_for()
    assert len(requests) > 5
    assert all(url.startswith((f"{service}/", "data:", "blob:")) for url in requests)
    assert complaints == []


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
