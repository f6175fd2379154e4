"""Ways out: the link, the shell command, the 28×28; and samples, the quickest way in."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from service_process import REPOSITORY

from .conftest import OpenPage
from .visitor import draw, expect_digit, expect_empty, picture_of_a_seven

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def copied(page: Page, button: str) -> str:
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def run(command: str) -> dict[str, object]:
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_link_brings_the_drawing_to_another_visitor(open_page: OpenPage) -> None:
    page, _ = open_page(**CLIPBOARD)
    draw(page, 2)
    expect_digit(page, 2)
    link = copied(page, "Copy link")
    assert len(link) < 400
    other, visit = open_page(viewport={"width": 390, "height": 844})
    other.goto("about:blank")
    other.goto(link)
    expect_digit(other, 2)
    assert visit.errors == []


def test_drawing_survives_a_reload(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.reload()
    expect_digit(page, 7)


def test_link_opened_on_the_page_itself_shows_its_drawing(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    seven = page.evaluate("location.hash")
    page.keyboard.press("Escape")
    expect_empty(page)
    assert page.evaluate("location.href").count("#") == 0
    page.evaluate("(hash) => { location.hash = hash; }", seven)
    expect_digit(page, 7)


def test_back_to_the_bare_address_is_an_empty_pad_that_undo_fills(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    seven = page.evaluate("location.hash")
    page.keyboard.press("Escape")
    page.evaluate("(hash) => { location.hash = hash; }", seven)
    expect_digit(page, 7)
    page.go_back()
    expect_empty(page)
    page.keyboard.press("Control+z")
    expect_digit(page, 7)


@pytest.mark.parametrize("fragment", ["#nonsense", "#AQ", "#AU4AgICAgAE", "#%%%"])
def test_damaged_link_is_told_and_kept(open_page: OpenPage, fragment: str) -> None:
    page, visit = open_page()
    page.goto("about:blank")
    page.goto(visit.origin + "/" + fragment)
    expect(page.locator("#notice")).to_have_text("This link is incomplete.")
    expect(page.get_by_role("status")).to_have_text("This link is incomplete.", timeout=15_000)
    expect(page.locator("digit-answer")).to_have_attribute("data-state", "empty")
    assert page.url == visit.origin + "/" + fragment
    assert visit.errors == []


def test_damaged_link_opened_on_the_page_itself_leaves_the_drawing(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.evaluate("location.hash = 'nonsense'")
    expect(page.locator("#notice")).to_have_text("This link is incomplete.")
    expect(page.locator("digit-answer .digit")).to_have_text("7")
    assert page.evaluate("document.querySelector('drawing-pad').strokes.length") == 1


def test_report_of_a_copy_moves_nothing(open_page: OpenPage) -> None:
    page, _ = open_page(**CLIPBOARD)
    draw(page, 2)
    expect_digit(page, 2)
    save = page.get_by_role("button", name="Save the 28 × 28")
    before = save.bounding_box()
    copied(page, "Copy as curl")
    assert save.bounding_box() == before


def test_curl_command_works_in_a_shell(open_page: OpenPage) -> None:
    page, _ = open_page(**CLIPBOARD)
    draw(page, 2)
    expect_digit(page, 2)
    command = copied(page, "Copy as curl")
    assert max(len(line) for line in command.splitlines()) < 200
    assert run(command)["digit"] == 2


def test_curl_command_for_a_large_picture_sends_what_the_network_saw(open_page: OpenPage) -> None:
    page, _ = open_page(**CLIPBOARD)
    picture = io.BytesIO()
    Image.open(io.BytesIO(picture_of_a_seven())).save(picture, "BMP")
    assert picture.tell() > 100_000
    page.locator("#file").set_input_files(
        {"name": "seven.bmp", "mimeType": "image/bmp", "buffer": picture.getvalue()}
    )
    expect_digit(page, 7)
    command = copied(page, "Copy as curl")
    assert len(command) < 2000
    assert run(command)["digit"] == 7


def test_large_picture_that_has_no_answer_is_not_copied(open_page: OpenPage) -> None:
    page, _ = open_page(**CLIPBOARD)
    draw(page, 2)
    expect_digit(page, 2)
    page.route("**/predict?*", lambda _: None)  # never answered
    page.locator("#file").set_input_files(
        {"name": "large.bmp", "mimeType": "image/bmp", "buffer": bytes(100_000)}
    )
    expect(page.get_by_role("button", name="Copy link")).to_be_disabled()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Not copied")).to_be_visible()


def test_the_28x28_can_be_saved(page: Page, tmp_path: Path) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the 28 × 28").click()
    download.value.save_as(tmp_path / "digit.png")
    with Image.open(tmp_path / "digit.png") as picture:
        assert (picture.size, picture.mode) == ((28, 28), "L")


def test_nothing_to_share_of_an_empty_pad(page: Page) -> None:
    for button in page.get_by_role("group", name="Share").get_by_role("button").all():
        expect(button).to_be_disabled()


@pytest.mark.parametrize("digit", range(10))
def test_sample_is_named(page: Page, digit: int) -> None:
    page.get_by_role("button", name=f"Somebody's {digit}").click()
    expect_digit(page, digit)


@pytest.mark.parametrize("digit", range(10))
def test_samples_are_of_the_committed_digits(digit: int) -> None:
    sample = REPOSITORY / f"app/static/samples/{digit}.png"
    committed = REPOSITORY.glob(f"tests/digits/{digit}-*.png")
    assert sample.read_bytes() in [path.read_bytes() for path in committed]


@pytest.mark.parametrize("touch", [True, False])
def test_camera_is_offered_where_there_is_a_finger(open_page: OpenPage, touch: bool) -> None:
    page, _ = open_page(has_touch=touch, is_mobile=touch)
    expect(page.get_by_role("button", name="Take a photo")).to_be_visible(visible=touch)
    expect(page.locator("#camera")).to_have_attribute("capture", "environment")
