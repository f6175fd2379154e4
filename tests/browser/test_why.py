"""The class maps over the drawing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage
from .visitor import PHONE, draw, draw_by_touch, expect_digit, shown_on

GROUND = "drawing-pad canvas.ground"


def expect_map(page: Page, shown: bool) -> None:
    expect(page.locator("#legend")).to_be_visible(visible=shown)
    assert (shown_on(page, GROUND).getchannel("A").getbbox() is not None) == shown


def warmth(page: Page) -> int:
    """How much of the map speaks for the digit, less what speaks against it."""
    pixels = np.asarray(shown_on(page, GROUND).resize((20, 20))).astype(int)
    return int((np.sign(pixels[..., 0] - pixels[..., 2]) * pixels[..., 3]).sum())


def test_hovered_bar_lays_its_map_over_the_drawing(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    expect_map(page, shown=False)
    page.get_by_role("button", name=re.compile("^7: ")).hover()
    expect_map(page, shown=True)
    expect(page.locator("#legend")).to_have_text(re.compile(r"speaks for a\s7"))
    page.get_by_role("heading", name="Draw a digit.").hover()
    expect_map(page, shown=False)


def test_focused_bar_lays_its_map_over_the_drawing(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.get_by_role("button", name=re.compile("^7: ")).focus()
    expect_map(page, shown=True)
    page.keyboard.press("Tab")
    expect(page.locator("#legend")).to_have_text(re.compile(r"speaks for a\s8"))
    page.locator("drawing-pad").focus()
    expect_map(page, shown=False)


def test_tapped_bar_keeps_its_map_until_it_is_tapped_again(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    draw_by_touch(page, 7)
    expect_digit(page, 7)
    bar = page.get_by_role("button", name=re.compile("^7: "))
    bar.tap()
    expect(bar).to_have_attribute("aria-pressed", "true")
    expect_map(page, shown=True)
    bar.tap()
    expect(bar).to_have_attribute("aria-pressed", "false")
    expect_map(page, shown=False)


def test_clearing_takes_the_map_away(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.get_by_role("button", name=re.compile("^7: ")).click()
    expect_map(page, shown=True)
    page.keyboard.press("Escape")
    expect(page.locator("#legend")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_of_the_answer_speaks_for_it_and_another_against(
    open_page: OpenPage, scheme: str
) -> None:
    page, _ = open_page(color_scheme=scheme)
    draw(page, 7)
    expect_digit(page, 7)
    page.get_by_role("button", name=re.compile("^7: ")).hover()
    expect_map(page, shown=True)
    assert warmth(page) > 0
    page.get_by_role("button", name=re.compile("^6: ")).hover()
    expect_map(page, shown=True)
    assert warmth(page) < 0


def test_map_lies_on_the_frame_that_the_network_saw(page: Page) -> None:
    draw(page, 7, "top left")
    expect_digit(page, 7)
    page.get_by_role("button", name=re.compile("^7: ")).hover()
    expect_map(page, shown=True)
    left, top, right, bottom = shown_on(page, GROUND).getchannel("A").getbbox() or (0, 0, 0, 0)
    side = page.locator(GROUND).evaluate("canvas => canvas.width")
    assert (left, top) == (0, 0)  # the frame overhangs there
    assert 0.5 * side < right < 0.85 * side
    assert 0.5 * side < bottom < 0.85 * side


def test_time_in_the_network_stands_beside_the_round_trip(page: Page) -> None:
    draw(page, 7)
    expect(page.locator("digit-answer .time")).to_have_text(
        re.compile(r"^\d+ ms round trip, \d+\.\d ms of it the network$"),
        use_inner_text=True,
        timeout=15_000,
    )
