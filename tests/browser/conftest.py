"""A real service in its own process, and a real browser on it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
ARGUMENTS = [
    "--no-sandbox",  # containers forbid its namespaces
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Service:
    """The service on a free port, which can stop and come back there."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it is ready."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "--port", str(self.port)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "the service ended at once"
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError("the service did not get ready")

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


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
def service() -> Iterator[Service]:
    service = Service()
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "Chromium is not installed (Debian's package is named chromium)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


OpenPage = Callable[..., tuple[Page, Visit]]


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[OpenPage]:
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
