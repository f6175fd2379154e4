"""The drawing page in Chromium: what a visitor does, and what the page then says."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect
from service_process import ServiceProcess

from .conftest import OpenPage
from .visitor import (
    DIGITS,
    PHONE,
    PLACES,
    draw,
    draw_by_touch,
    expect_digit,
    expect_empty,
    picture_of_a_seven,
    placed,
    shown_on,
)

INK = "drawing-pad canvas.ink"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("digit", DIGITS)
def test_digit_drawn_by_mouse_is_named(page: Page, digit: int, place: str) -> None:
    draw(page, digit, place)
    expect_digit(page, digit)


@pytest.mark.parametrize(
    ("digit", "place"),
    [(0, "centre"), (1, "top left"), (2, "tiny"), (3, "bottom right, small"), (7, "large")],
)
def test_digit_drawn_by_touch_is_named(open_page: OpenPage, digit: int, place: str) -> None:
    page, visit = open_page(**PHONE)
    draw_by_touch(page, digit, place)
    expect_digit(page, digit)
    assert page.evaluate("scrollY") == 0
    assert visit.errors == []


def test_digit_painted_with_the_keyboard_is_named(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("drawing-pad")).to_be_focused()
    for key in ["ArrowUp"] * 7 + ["Space"] + ["ArrowDown"] * 14 + ["Space"]:
        page.keyboard.press(key)
    expect_digit(page, 1)


def test_tiny_digit_of_the_widest_pen_is_named(page: Page) -> None:
    page.get_by_label("Pen width").fill("120")
    draw(page, 0, "tiny")
    expect_digit(page, 0)


def test_digit_is_named_where_events_are_not_coalesced(page: Page) -> None:
    page.evaluate("delete PointerEvent.prototype.getCoalescedEvents")
    draw(page, 3)
    expect_digit(page, 3)


def test_pen_pressure_changes_the_width_within_bounds(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    stroke = placed(1, "centre", page)[0]
    steps = [("mousePressed", stroke[0], 0.05), ("mouseMoved", stroke[1], 1.0)]
    for kind, (x, y), force in [*steps, ("mouseReleased", stroke[1], 0.0)]:
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1, "force": force}
        session.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})
    expect_digit(page, 1)
    pressures = page.evaluate(
        "document.querySelector('drawing-pad').strokes[0].points.map((point) => point[2])"
    )
    assert 0.75 <= min(pressures) < 1 < max(pressures) <= 1.25


def test_pen_writes_while_a_palm_rests_on_the_pad(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    palm = {"x": placed(1, "bottom right", page)[0][0][0], "y": placed(1, "centre", page)[0][1][1]}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [palm]})
    start, end = placed(1, "centre", page)[0]
    for kind, (x, y) in [("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)]:
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        session.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_digit(page, 1)
    strokes = page.evaluate("document.querySelector('drawing-pad').strokes")
    assert [stroke["points"][0][0] for stroke in strokes] == [pytest.approx(0.5, abs=0.01)]


def test_dark_page_is_drawn_on_in_light_ink(open_page: OpenPage) -> None:
    page, visit = open_page(color_scheme="dark")
    draw(page, 7)
    expect_digit(page, 7)
    ink = np.asarray(shown_on(page, INK)).reshape(-1, 4)
    assert ink[ink[:, 3] == 255].min() > 200
    assert visit.errors == []


def test_second_digit_drawn_at_once_is_the_one_that_stays(page: Page) -> None:
    draw(page, 7)
    page.keyboard.press("Escape")
    draw(page, 1)
    expect_digit(page, 1)
    expect(page.locator("digit-answer .digit")).to_have_text("1")


def test_empty_pad_predicts_nothing(open_page: OpenPage) -> None:
    page, visit = open_page()
    expect_empty(page)
    assert not [url for url in visit.requests if "/predict?" in url]


def test_answer_comes_while_the_stroke_is_still_drawn(page: Page) -> None:
    start, *rest = placed(1, "centre", page)[0]
    page.mouse.move(*start)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=12)
    expect_digit(page, 1)
    page.mouse.up()


def test_answer_shows_probabilities_and_what_the_network_saw(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    expect(page.locator("digit-answer .digit")).to_have_text("7")
    expect(page.get_by_role("button", name=re.compile("^7: [0-9.]+ %, log-prob"))).to_be_visible()
    saw = page.get_by_role("img", name="The 28 by 28 pixels that the network saw")
    assert saw.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]
    assert saw.evaluate("image => getComputedStyle(image).imageRendering") == "pixelated"
    expect(page.locator("digit-answer .time")).to_contain_text("ms round trip")


def test_focused_bar_tells_its_log_probability(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.get_by_role("button", name=re.compile("^3: ")).focus()
    expect(page.locator("digit-answer .note")).to_have_text(
        re.compile(r"^3: \S+ %, log-probability −\d")
    )


def test_low_confidence_is_not_sure(page: Page) -> None:
    logs = [-3.0] * 10
    logs[4], logs[9] = math.log(0.45), math.log(0.3)
    answer = {
        "digit": 4,
        "confidence": 0.45,
        "log_probabilities": logs,
        "is_digit": True,
        "several_digits": False,
        "preprocessing": {"applied": True, "polarity": "alpha", "bounding_box": [0, 0, 9, 9]},
        "image": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
    }
    page.route("**/predict?*", lambda route: route.fulfill(json=answer))
    draw(page, 4)
    expect(page.get_by_role("status")).to_have_text(
        "Not sure: perhaps a 4, 45 % sure, or a 9", timeout=15_000
    )
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "unsure")


def test_probability_that_rounds_to_one_is_no_certainty(page: Page) -> None:
    def certain(route: Route) -> None:
        answer = route.fetch().json()
        answer["confidence"] = 1.0
        answer["log_probabilities"] = [-30.0] * 7 + [-0.0] + [-30.0] * 2
        route.fulfill(json=answer)

    page.route("**/predict?*", certain)
    draw(page, 7)
    expect(page.get_by_role("status")).to_have_text("This is a 7, 99 % sure", timeout=15_000)
    expect(page.locator("digit-answer .verdict")).to_have_text("99.9 % sure")
    page.get_by_role("button", name=re.compile("^7: ")).focus()
    expect(page.locator("digit-answer .note")).to_have_text("7: 99.9999 %, log-probability 0")


def test_scribble_is_no_digit(page: Page) -> None:
    """Ten teeth of a zigzag over the whole pad."""
    pad = page.locator("drawing-pad").bounding_box()
    assert pad is not None
    for tooth in range(11):
        x = pad["x"] + pad["width"] * (0.08 + 0.084 * tooth)
        y = pad["y"] + pad["height"] * (0.2 if tooth % 2 else 0.8)
        page.mouse.move(x, y, steps=3)
        if tooth == 0:
            page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"^Hardly a digit\. If it is one, a \d$"), timeout=15_000
    )
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "no-digit")


def test_two_digits_are_told(page: Page) -> None:
    draw(page, 7, "top left")
    draw(page, 7, "bottom right")
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"The largest of several\.$"), timeout=15_000
    )


def test_clear_empties_the_pad(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect_empty(page)


def test_escape_clears(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.keyboard.press("Escape")
    expect_empty(page)


def test_one_live_region_speaks_only_of_what_is_still_true(page: Page) -> None:
    assert page.locator("[aria-live], [role=status], [role=alert]").count() == 1
    draw(page, 7)
    expect_digit(page, 7)
    first_said = page.evaluate(
        """() => new Promise((resolve) => {
            const live = document.querySelector("#live");
            new MutationObserver(() => resolve(live.textContent))
                .observe(live, { childList: true });
            const pad = document.querySelector("drawing-pad");
            for (let turn = 0; turn < 20; turn++) {
                pad.clear();
                pad.undo();
            }
        })"""
    )
    assert first_said.startswith("This is a 7")


def test_undo_and_redo_by_button_and_key(page: Page) -> None:
    draw(page, 1)
    expect_digit(page, 1)
    page.get_by_role("button", name="Undo").click()
    expect_empty(page)
    page.get_by_role("button", name="Redo").click()
    expect_digit(page, 1)
    page.keyboard.press("Control+z")
    expect_empty(page)
    page.keyboard.press("Control+Shift+Z")
    expect_digit(page, 1)


def test_undo_brings_back_what_was_cleared(page: Page) -> None:
    draw(page, 7)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect_empty(page)
    page.get_by_role("button", name="Undo").click()
    expect_digit(page, 7)


def test_eraser_that_leaves_nothing_says_so(page: Page) -> None:
    draw(page, 1)
    expect_digit(page, 1)
    page.get_by_role("button", name="Eraser").click()
    draw(page, 1)
    expect(page.get_by_role("status")).to_contain_text("Nothing is left to see", timeout=15_000)


def test_clear_ends_erasing(page: Page) -> None:
    eraser = page.get_by_role("button", name="Eraser")
    expect(eraser).to_be_disabled()
    draw(page, 7)
    eraser.click()
    expect(eraser).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(eraser).to_have_attribute("aria-pressed", "false")
    draw(page, 1)
    expect_digit(page, 1)


def test_photo_of_twelve_megapixels_is_named(page: Page) -> None:
    photo = Image.open(io.BytesIO(picture_of_a_seven())).resize((3000, 4000))
    file = io.BytesIO()
    photo.save(file, "JPEG")
    page.locator("#file").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    )
    expect_digit(page, 7)


def test_uploaded_picture_is_named(page: Page) -> None:
    page.locator("#file").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_a_seven()}
    )
    expect_digit(page, 7)


def test_undo_brings_back_a_picture_that_was_drawn_over(page: Page) -> None:
    page.locator("#file").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_a_seven()}
    )
    expect_digit(page, 7)
    draw(page, 1)
    expect_digit(page, 1)
    page.keyboard.press("Control+z")
    expect_digit(page, 7)


@pytest.mark.parametrize(
    ("event", "member"), [("paste", "clipboardData"), ("drop", "dataTransfer")]
)
def test_pasted_or_dropped_picture_is_named(page: Page, event: str, member: str) -> None:
    page.evaluate(
        """([name, member, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "seven.png", { type: "image/png" }));
            const event = new Event(name, { bubbles: true, cancelable: true });
            Object.defineProperty(event, member, { value: data });
            document.body.dispatchEvent(event);
        }""",
        [event, member, list(picture_of_a_seven())],
    )
    expect_digit(page, 7)


def test_file_that_is_no_image_is_explained(open_page: OpenPage) -> None:
    page, _ = open_page()  # the browser itself logs the refusal as an error
    page.locator("#file").set_input_files(
        {"name": "note.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )
    expect(page.get_by_role("status")).to_contain_text("This is not an image", timeout=15_000)
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "problem")


def test_service_away_and_back(open_page: OpenPage, service: ServiceProcess) -> None:
    page, visit = open_page()
    service.stop()
    try:
        draw(page, 7)
        expect(page.get_by_text("The service is away.").first).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("Your drawing is kept", timeout=15_000)
    finally:
        service.start()
    expect_digit(page, 7)
    expect(page.locator("#notice")).to_be_hidden()
    assert all("ERR_CONNECTION" in error for error in visit.errors)


def test_slow_answer_to_an_older_drawing_is_dropped(page: Page) -> None:
    predict = "**/predict?*"
    page.route(predict, lambda _: None)  # never answered
    with page.expect_request(predict):
        draw(page, 1)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Clear", exact=True).click()
    page.unroute(predict)
    draw(page, 7)
    expect_digit(page, 7)
    expect(page.locator("digit-answer .digit")).to_have_text("7")


def test_drawing_survives_a_resize(page: Page) -> None:
    draw(page, 7)
    page.set_viewport_size({"width": 390, "height": 844})
    expect_digit(page, 7)
    ink = page.locator(INK)
    side, client = ink.evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert side == client
    assert shown_on(page, INK).getchannel("A").getbbox() is not None


def test_canvas_is_crisp_on_a_dense_screen(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    width, client = page.locator(INK).evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert width == 2 * client


def test_layers_are_listed_with_their_parameters(page: Page) -> None:
    page.locator("summary").click()
    cells = page.locator("tbody tr td:nth-child(4)")
    expect(cells.first).to_be_visible()
    assert sum(int(text.replace(",", "")) for text in cells.all_text_contents()) == 18_520
