"""A real service in its own process, and a real browser on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from lacking import end_without
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from service_process import ServiceProcess

ARGUMENTS = [
    "--no-sandbox",  # containers forbid its namespaces
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visit:
    """What happened while a page was open."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.origin = origin
        context.on("request", lambda request: self.requests.append(request.url))
        context.on(
            "console",
            lambda message: (
                self.errors.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    @property
    def foreign_requests(self) -> list[str]:
        """Requests that left the service."""
        inside = (self.origin + "/", "data:", "blob:" + self.origin)
        return [url for url in self.requests if not url.startswith(inside)]


@pytest.fixture(scope="session")
def service() -> Iterator[ServiceProcess]:
    """A service of the page's own, since one of its tests stops it."""
    with ServiceProcess() as service:
        yield service


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        end_without("Chromium (Debian's package is named chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


OpenPage = Callable[..., tuple[Page, Visit]]


@pytest.fixture
def open_page(browser: Browser, service: ServiceProcess) -> Iterator[OpenPage]:
    """Opens the page in a fresh context, made with the options given."""
    contexts: list[BrowserContext] = []

    def open_page(**options: object) -> tuple[Page, Visit]:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        visit = Visit(context, service.url)
        page = context.new_page()
        page.goto(service.url)
        page.locator("digit-answer .bar").nth(9).wait_for()
        return page, visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Iterator[Page]:
    """The page on a desktop; the test fails if it asks elsewhere or logs an error."""
    page, visit = open_page(viewport={"width": 1280, "height": 800})
    yield page
    assert visit.foreign_requests == []
    assert visit.errors == []
