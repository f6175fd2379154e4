"""The page is light: what a visitor fetches before the first stroke, and in all, uncompressed."""

from __future__ import annotations

import urllib.request

from playwright.sync_api import Browser, Response
from service_process import ServiceProcess

from .conftest import OpenPage

FIRST_LOAD = 100_000
IN_ALL = 150_000


def test_page_is_light(browser: Browser, service: ServiceProcess) -> None:
    page = browser.new_page()
    responses: list[Response] = []
    page.context.on("response", lambda response: responses.append(response))

    def bytes_so_far() -> int:
        return sum(len(response.body()) for response in responses)

    page.goto(service.url, wait_until="networkidle")
    assert not any(response.url.endswith(".safetensors") for response in responses)
    assert 50_000 < bytes_so_far() < FIRST_LOAD
    with page.context.expect_event("response", lambda r: r.url.endswith(".safetensors")):
        page.locator("layer-tiles").first.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert bytes_so_far() < IN_ALL
    page.close()


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
