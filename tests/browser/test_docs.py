"""``/docs`` in a real browser: nothing leaves the service, nothing is refused by its policy."""

from pathlib import Path

from playwright.sync_api import Browser
from service_process import ServiceProcess

from .conftest import Visit

PICTURE = Path(__file__).parents[1] / "digits/7-00000.png"


def test_docs_work_without_the_internet(browser: Browser, service: ServiceProcess) -> None:
    context = browser.new_context()
    visit = Visit(context, service.url)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{service.url}/docs")
    page.get_by_text("Name the digit on a picture").click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("input[type=file]").set_input_files(PICTURE)
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").get_by_text('"log_probabilities"').wait_for()
    assert len(visit.requests) > 5
    assert visit.foreign_requests == []
    assert visit.errors == []
    context.close()
