"""While there is no answer the page says so, keeps the drawing, and asks again where that helps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage
from .visitor import draw, expect_digit, picture_of_a_seven

PREDICT = "**/predict?*"
PROBLEM = "application/problem+json"


def upload(page: Page, content: bytes) -> None:
    page.locator("#file").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": content}
    )


def test_answer_to_an_older_picture_steps_back(page: Page) -> None:
    answer, save = page.locator("digit-answer"), page.get_by_role("button", name="Save the 28 × 28")
    draw(page, 1)
    expect_digit(page, 1)
    page.route(PREDICT, lambda _: None)  # never answered
    upload(page, picture_of_a_seven())
    expect(page.locator("#notice")).to_have_text("Sending the picture …")
    expect(answer).to_have_attribute("data-stale", "")
    expect(save).to_be_disabled()
    page.unroute(PREDICT)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    expect_digit(page, 7)
    expect(answer).not_to_have_attribute("data-stale", "")
    expect(page.locator("#notice")).to_be_hidden()
    expect(save).to_be_enabled()


def test_answer_that_comes_soon_is_not_waited_for(page: Page) -> None:
    draw(page, 1)
    expect_digit(page, 1)
    page.wait_for_timeout(400)
    expect(page.locator("#notice")).to_be_hidden()


def test_large_upload_has_the_time_that_a_slow_line_takes(page: Page) -> None:
    page.clock.install()
    page.route(PREDICT, lambda _: None)
    with page.expect_request(PREDICT):
        upload(page, bytes(1_000_000))
    page.clock.fast_forward(130_000)
    expect(page.locator("#notice")).to_have_text("Sending the picture …")
    page.clock.fast_forward(10_000)
    expect(page.locator("#notice")).to_contain_text("The service is away.")


@pytest.mark.parametrize(
    ("status", "content_type"),
    [(429, PROBLEM), (429, "text/html"), (503, PROBLEM), (502, "text/html")],
)
def test_service_with_too_much_to_do_is_asked_again(
    open_page: OpenPage, status: int, content_type: str
) -> None:
    page, _ = open_page()  # the browser itself logs the refusal as an error
    body = json.dumps({"title": "Not now", "status": status})
    headers = {"Retry-After": "3", "Content-Type": content_type}
    page.route(PREDICT, lambda route: route.fulfill(status=status, headers=headers, body=body))
    draw(page, 7)
    expect(page.locator("#notice")).to_have_text(
        "The service is away. Your drawing is kept; trying again in 3 s."
    )
    page.unroute(PREDICT)
    expect_digit(page, 7)
    expect(page.locator("#notice")).to_be_hidden()


def test_refusal_by_a_proxy_is_final(open_page: OpenPage) -> None:
    page, visit = open_page()
    page.route(
        PREDICT,
        lambda route: route.fulfill(status=413, content_type="text/html", body="<h1>413</h1>"),
    )
    upload(page, picture_of_a_seven())
    expect(page.get_by_role("status")).to_have_text(
        "The picture was refused. 413 Payload Too Large", timeout=15_000
    )
    expect(page.locator("#notice")).to_be_hidden()
    assert sum("/predict?" in url for url in visit.requests) == 1


def test_file_that_goes_is_still_shown(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "seven.png"
    file.write_bytes(picture_of_a_seven())
    page.locator("#file").set_input_files(file)
    expect_digit(page, 7)
    page.keyboard.press("Control+z")
    file.unlink()
    page.keyboard.press("Control+y")
    expect_digit(page, 7)


def test_folder_that_is_dropped_leaves_the_drawing(page: Page, tmp_path: Path) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
    expect(page.get_by_role("status")).to_have_text("This file can't be read.", timeout=15_000)
    expect(page.locator("#notice")).to_have_text("This file can't be read.")
    expect(page.locator("digit-answer .digit")).to_have_text("7")
