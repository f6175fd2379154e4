"""The page is light: what a visitor fetches before the first stroke, and in all."""

from __future__ import annotations

import urllib.request

from playwright.sync_api import Response
from service_process import REPOSITORY, ServiceProcess

from .conftest import OpenPage

FIRST_LOAD = 100_000
FILES = 150_000


def test_first_load_is_light(open_page: OpenPage) -> None:
    page, visit = open_page(viewport={"width": 1280, "height": 800})
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto("about:blank")
    page.goto(visit.origin, wait_until="networkidle")
    urls = [response.url for response in responses]
    assert visit.origin + "/" in urls
    assert not any(url.endswith(".safetensors") for url in urls)
    assert sum(len(response.body()) for response in responses) < FIRST_LOAD


def test_files_of_the_page_are_few_bytes() -> None:
    files = (REPOSITORY / "app/static").rglob("*")
    assert sum(file.stat().st_size for file in files if file.is_file()) < FILES


def test_every_module_is_preloaded(open_page: OpenPage) -> None:
    page, visit = open_page()
    preloaded = page.locator("link[rel=modulepreload]").evaluate_all(
        "links => links.map((link) => link.href)"
    )
    fetched = {url for url in visit.requests if url.endswith(".js")}
    assert fetched - set(preloaded) == {f"{visit.origin}/static/page.js"}


def test_policy_lets_nothing_in_from_outside(service: ServiceProcess) -> None:
    with urllib.request.urlopen(service.url) as response:
        policy = response.headers["Content-Security-Policy"]
    assert policy == "default-src 'self'; img-src 'self' data: blob:"
