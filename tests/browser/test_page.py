"""The drawing page in Chromium: what a visitor does, and what the page then says."""

from __future__ import annotations

import io
import math
import re
import urllib.request
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from service_process import REPOSITORY, ServiceProcess

from .conftest import OpenPage

Points = list[tuple[float, float]]

PAGE_WEIGHT = 150_000
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Points:
    """Points on an ellipse, from one angle to another in degrees; 0 is right, 90 is down."""
    angles = [math.radians(start + (end - start) * step / 24) for step in range(25)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


DIGITS: dict[int, list[Points]] = {
    0: [arc(0.5, 0.5, 0.3, 0.45, -90, 275)],
    1: [[(0.5, 0.05), (0.5, 0.95)]],
    2: [[*arc(0.48, 0.3, 0.25, 0.25, 190, 400), (0.2, 0.92), (0.82, 0.92)]],
    3: [[*arc(0.45, 0.28, 0.27, 0.23, 200, 440), *arc(0.45, 0.72, 0.3, 0.23, 280, 520)]],
    4: [[(0.3, 0.08), (0.25, 0.55), (0.8, 0.55)], [(0.66, 0.08), (0.64, 0.95)]],
    7: [[(0.2, 0.1), (0.8, 0.1), (0.45, 0.95)]],
}
"""Strokes in a square of side 1."""

PLACES = {
    "centre": (0.2, 0.2, 0.6),
    "large": (0.06, 0.06, 0.88),
    "top left": (0.05, 0.04, 0.5),
    "bottom right, small": (0.68, 0.68, 0.25),
}
"""Left, top and side of that square on the pad."""


def placed(digit: int, place: str, page: Page) -> list[Points]:
    """The digit's strokes, in pixels of the viewport."""
    left, top, side = PLACES[place]
    pad = page.locator("drawing-pad").bounding_box()
    assert pad is not None
    x0, y0 = pad["x"] + left * pad["width"], pad["y"] + top * pad["height"]
    scale_x, scale_y = side * pad["width"], side * pad["height"]
    return [[(x0 + scale_x * x, y0 + scale_y * y) for x, y in stroke] for stroke in DIGITS[digit]]


def draw(page: Page, digit: int, place: str = "centre") -> None:
    for start, *rest in placed(digit, place, page):
        page.mouse.move(*start)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point, steps=max(1, 12 // len(rest)))
        page.mouse.up()


def draw_by_touch(page: Page, digit: int, place: str = "centre") -> None:
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    for start, *rest in placed(digit, place, page):
        touch("touchStart", start)
        x, y = start
        for next_x, next_y in rest:
            touch("touchMove", ((x + next_x) / 2, (y + next_y) / 2))
            touch("touchMove", (next_x, next_y))
            x, y = next_x, next_y
        touch("touchEnd")


def expect_digit(page: Page, digit: int) -> None:
    """The first numeral in the live region is the digit."""
    expect(page.get_by_role("status")).to_have_text(re.compile(rf"^\D*{digit}\b"), timeout=15_000)


def expect_empty(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("The pad is empty.", timeout=15_000)
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "empty")


def picture_of_a_seven() -> bytes:
    picture = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(picture).line([(40, 50), (160, 50), (90, 250)], "navy", 22, joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("digit", DIGITS)
def test_digit_drawn_by_mouse_is_named(page: Page, digit: int, place: str) -> None:
    draw(page, digit, place)
    expect_digit(page, digit)


@pytest.mark.parametrize(("digit", "place"), [(0, "centre"), (1, "top left"), (7, "large")])
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
        "preprocessing": {"applied": True, "polarity": "alpha", "bounding_box": [0, 0, 9, 9]},
        "image": "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=",
    }
    page.route("**/predict?*", lambda route: route.fulfill(json=answer))
    draw(page, 4)
    expect(page.get_by_role("status")).to_have_text(
        "Not sure: perhaps a 4, 45 % sure, or a 9", timeout=15_000
    )
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "unsure")


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


def test_uploaded_picture_is_named(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_a_seven()}
    )
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
    page.locator("input[type=file]").set_input_files(
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
    side = page.locator("canvas").evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert side[0] == side[1]
    assert page.locator("canvas").evaluate(
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)"
        ".data.some((value) => value > 0)"
    )


def test_canvas_is_crisp_on_a_dense_screen(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    width, client = page.locator("canvas").evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert width == 2 * client


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrasts_with_the_paper(open_page: OpenPage, scheme: str) -> None:
    page, _ = open_page(color_scheme=scheme)
    colours = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            return ["--paper", "--ink", "--soft", "--accent"].map((n) => style.getPropertyValue(n));
        }"""
    )
    paper, *texts = [luminance(colour) for colour in colours]
    assert (paper < 0.1) == (scheme == "dark")
    for text in texts:
        assert (max(paper, text) + 0.05) / (min(paper, text) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    values = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [320, 390, 640])
def test_page_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page, _ = open_page(viewport={"width": width, "height": 700})
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_phone_shows_the_answer_without_scrolling(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    bars = page.locator("digit-answer .bars").bounding_box()
    assert bars is not None
    assert bars["y"] + bars["height"] <= 844


def test_tools_are_large_enough_for_a_finger(open_page: OpenPage) -> None:
    page, _ = open_page(viewport={"width": 320, "height": 700})
    for tool in page.locator(".tools button").all():
        box = tool.bounding_box()
        assert box is not None
        assert box["width"] >= 44
        assert box["height"] >= 44


def test_layers_are_listed_with_their_parameters(page: Page) -> None:
    page.locator("summary").click()
    cells = page.locator("tbody tr td:nth-child(4)")
    expect(cells.first).to_be_visible()
    assert sum(int(text.replace(",", "")) for text in cells.all_text_contents()) == 18_520


def test_page_weighs_little(service: ServiceProcess) -> None:
    static: Path = REPOSITORY / "app" / "static"
    assert sum(file.stat().st_size for file in static.iterdir()) < PAGE_WEIGHT
    with urllib.request.urlopen(service.url) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
