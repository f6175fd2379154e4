"""What a visitor of the page does, and where to look for the answer."""

from __future__ import annotations

import base64
import io
import math
import re
import time

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

Points = list[tuple[float, float]]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "device_scale_factor": 2}


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Points:
    """Points on an ellipse, from one angle to another in degrees; 0 is right, 90 is down."""
    angles = [math.radians(start + (end - start) * step / 12) for step in range(13)]
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
    "bottom right": (0.52, 0.5, 0.45),
    "tiny": (0.62, 0.3, 0.12),
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
    """The first numeral in the live region is the digit, or soon will be."""
    status = page.get_by_role("status")
    said = re.compile(rf"^\D*{digit}\b")
    until = time.monotonic() + 15
    while not said.match(status.inner_text()) and time.monotonic() < until:
        page.wait_for_timeout(20)  # expect would look again after 100, 350, 850 ms
    expect(status).to_have_text(said)


def expect_empty(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("The pad is empty.", timeout=15_000)
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "empty")


def picture_of_a_seven() -> bytes:
    picture = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(picture).line([(40, 50), (160, 50), (90, 250)], "navy", 22, joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def shown_on(page: Page, canvas: str) -> Image.Image:
    """The pixels of a canvas, RGBA, once the next frame is painted."""
    uri: str = page.locator(canvas).evaluate(
        """(canvas) => new Promise((resolve) => {
            requestAnimationFrame(() => setTimeout(() => resolve(canvas.toDataURL())));
        })"""
    )
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGBA")
