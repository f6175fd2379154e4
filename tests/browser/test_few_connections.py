"""A browser keeps connections open; where few are to be had, half-open ones don't starve it."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from playwright.sync_api import Browser
from service_process import ServiceProcess

from .conftest import Visit
from .visitor import expect_digit


@pytest.fixture(scope="module")
def frugal() -> Iterator[ServiceProcess]:
    """A service with 64 files, which is a dozen connections."""
    command = ["sh", "-c", f"ulimit -n 64 && exec {sys.executable} -m app"]
    with ServiceProcess(command=command) as service:
        yield service


def test_pages_work_beside_half_open_connections(browser: Browser, frugal: ServiceProcess) -> None:
    with ExitStack() as stack:
        for _ in range(3):  # a dozen and a half of kept-alive connections
            context = stack.enter_context(browser.new_context())
            visit = Visit(context, frugal.url)
            page = context.new_page()
            page.goto(frugal.url)
            page.locator("digit-answer .bar").nth(9).wait_for()
            for _ in range(200):
                half = stack.enter_context(socket.create_connection(("127.0.0.1", frugal.port)))
                with suppress(ConnectionError):
                    half.sendall(b"POST /predict HTTP/1.1\r\n")
            page.get_by_role("button", name="Somebody's 7").click()
            expect_digit(page, 7)
            assert visit.errors == []
