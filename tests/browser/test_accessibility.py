"""For everyone: without a mouse, on any width, in both schemes, with no rule of axe broken."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import OpenPage
from .visitor import PHONE, draw, expect_digit


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrasts_with_the_paper(open_page: OpenPage, scheme: str) -> None:
    page, _ = open_page(color_scheme=scheme)
    colours = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            return ["--paper", "--ink", "--soft", "--accent"].map((n) => style.getPropertyValue(n));
        }"""
    )
    paper, *texts = colours
    assert (luminance(paper) < 0.1) == (scheme == "dark")
    for text in texts:
        assert contrast(paper, text) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_the_bars_contrast_with_their_tracks(open_page: OpenPage, scheme: str) -> None:
    page, _ = open_page(color_scheme=scheme)
    track, bar = page.evaluate(
        """["--track", "--bar"].map((name) =>
            getComputedStyle(document.documentElement).getPropertyValue(name))"""
    )
    assert contrast(track, bar) >= 3


def contrast(one: str, other: str) -> float:
    """Contrast of two colours #rrggbb (WCAG 2.2)."""
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    values = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [320, 390, 640, 834, 900, 1024])
def test_page_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page, _ = open_page(viewport={"width": width, "height": 1100})
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [320, 640, 834, 1024, 1280])
def test_percentages_stay_within_their_bars(open_page: OpenPage, width: int) -> None:
    page, _ = open_page(viewport={"width": width, "height": 1100})
    page.get_by_role("button", name="Somebody's 7").click()
    expect_digit(page, 7)
    best = page.locator(".bar[data-best]")
    expect(best.locator(".percent")).to_have_text("99.9")
    assert best.evaluate("bar => bar.scrollWidth <= bar.clientWidth")


def test_phone_shows_the_answer_without_scrolling(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    bars = page.locator("digit-answer .bars").bounding_box()
    assert bars is not None
    assert bars["y"] + bars["height"] <= 844


@pytest.mark.parametrize(
    ("width", "height"), [(740, 360), (844, 390), (960, 475), (640, 400), (1366, 620)]
)
def test_low_window_shows_pad_and_answer_side_by_side(
    open_page: OpenPage, width: int, height: int
) -> None:
    """Phones on their side; 1280 × 800 magnified to 200 %; a small laptop."""
    page, _ = open_page(viewport={"width": width, "height": height})
    draw(page, 4)
    expect_digit(page, 4)
    for part in ("drawing-pad", "digit-answer .reading", "digit-answer .bars"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height


def test_tools_are_large_enough_for_a_finger(open_page: OpenPage) -> None:
    page, _ = open_page(viewport={"width": 320, "height": 700})
    for tool in page.locator(".tools button, .samples button, .share button").all():
        if not tool.is_visible():
            continue  # the camera, without a finger
        box = tool.bounding_box()
        assert box is not None
        assert box["width"] >= 44
        assert box["height"] >= 44


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or critical."""
    return [
        f"{violation['id']}: {node['html'][:100]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_nothing_serious(open_page: OpenPage, scheme: str, device: str) -> None:
    options = PHONE if device == "phone" else {"viewport": {"width": 1280, "height": 800}}
    page, _ = open_page(color_scheme=scheme, **options)
    assert serious(page) == []
    draw(page, 7)
    expect_digit(page, 7)
    page.locator(".bar").nth(7).focus()
    page.locator("summary").click()
    page.locator("layer-tiles[name='prediction']").scroll_into_view_if_needed()
    expect(page.locator("network-inside .time")).to_contain_text("ms", timeout=15_000)
    assert serious(page) == []


def test_every_control_is_reached_by_tab_and_shows_its_focus(page: Page) -> None:
    page.get_by_role("button", name="Somebody's 7").click()
    expect_digit(page, 7)
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    controls = page.locator(
        ":is(button, a, input, summary, [tabindex='0']):not([hidden], :disabled)"
    ).evaluate_all("all => all.filter((each) => each.checkVisibility()).length")
    reached = set()
    for _ in range(controls + 2):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                """() => {
                    const { activeElement: at } = document;
                    if (at === document.body) return null;
                    const all = [...document.querySelectorAll("*")];
                    return [all.indexOf(at), getComputedStyle(at).outlineStyle].join();
                }"""
            )
        )
    reached.discard(None)
    assert all(place.endswith(",solid") for place in reached)
    assert len(reached) == controls


def test_keys_are_told_where_the_keyboard_is_used(page: Page) -> None:
    keys = page.locator("#keys")
    expect(keys).to_have_css("width", "1px")  # for screen readers alone
    page.keyboard.press("Tab")
    expect(keys).not_to_have_css("width", "1px")
    page.keyboard.press("Space")
    expect(keys).to_have_css("width", "1px")


@pytest.mark.parametrize("name", ["Undo", "Clear"])
def test_focus_goes_to_the_pad_when_its_button_has_nothing_left_to_do(
    page: Page, name: str
) -> None:
    draw(page, 7)
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("drawing-pad")).to_be_focused()


@pytest.mark.parametrize("part", ["drawing-pad", ".track", "[data-action=clear]"])
def test_edges_are_seen_in_forced_colours(open_page: OpenPage, part: str) -> None:
    page, _ = open_page(forced_colors="active")
    border = "each => getComputedStyle(each).borderTopStyle"
    assert page.locator(part).first.evaluate(border) == "solid"


def test_eraser_that_is_pressed_is_seen_in_forced_colours(open_page: OpenPage) -> None:
    page, _ = open_page(forced_colors="active")
    eraser = page.get_by_role("button", name="Eraser")
    background = "each => getComputedStyle(each).backgroundColor"
    draw(page, 7)
    before = eraser.evaluate(background)
    eraser.click()
    assert eraser.evaluate(background) != before


def test_dark_page_is_printed_in_dark_ink(open_page: OpenPage) -> None:
    page, _ = open_page(color_scheme="dark")
    page.emulate_media(media="print")
    colour = "getComputedStyle(document.documentElement).getPropertyValue('--ink')"
    assert luminance(page.evaluate(colour)) < 0.05


def test_nothing_moves_where_motion_is_unwanted(open_page: OpenPage) -> None:
    page, _ = open_page(reduced_motion="reduce")
    draw(page, 7)
    expect_digit(page, 7)
    assert page.evaluate("document.getAnimations().length") == 0
    transitions = page.locator(".fill, .log").evaluate_all(
        "all => all.map((each) => getComputedStyle(each).transitionDuration)"
    )
    assert set(transitions) == {"0s"}
