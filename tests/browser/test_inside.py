"""The network in the page: the same as the service's, its maps live, its units' patches."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from safetensors.torch import save
from service_process import REPOSITORY, ServiceProcess

from app.routes.page_weights import halve
from training.network import DigitNetwork, Pooling

from .conftest import OpenPage
from .visitor import PHONE, draw, expect_digit, shown_on

DIGITS = sorted((REPOSITORY / "tests/digits").glob("*.png"))[::4]
WEIGHTS = "/weights/digits.safetensors"
HALF = 0.05
"""What filters in float16 move at most: values of the class maps reach 108."""

FORWARD = """async (picture) => {
    const { Network } = await import("/static/network.js");
    const { parseSafetensors } = await import("/static/safetensors.js");
    const weights = await (await fetch("/weights/digits.safetensors")).arrayBuffer();
    const image = new Image();
    image.src = picture;
    await image.decode();
    const context = document.createElement("canvas").getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, 28, 28).data.filter((_, at) => at % 4 === 0);
    const layers = new Network(parseSafetensors(weights)).forward(pixels);
    return [...layers].map(([name, { channels, side, values }]) =>
        ({ name, shape: side === 1 ? [channels] : [channels, side, side], values: [...values] }));
}"""


def answer_of(service: ServiceProcess, picture: bytes) -> dict[str, Any]:
    url = f"{service.url}/predict?include=image&include=class_maps"
    with urllib.request.urlopen(urllib.request.Request(url, data=picture)) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def layers_of(page: Page, image: str) -> dict[str, dict[str, list[float]]]:
    return {layer["name"]: layer for layer in page.evaluate(FORWARD, image)}


@pytest.mark.parametrize("path", DIGITS, ids=lambda path: path.stem)
def test_page_and_service_agree(page: Page, service: ServiceProcess, path: Path) -> None:
    answer = answer_of(service, path.read_bytes())
    layers = layers_of(page, answer["image"])
    expected = pytest.approx(answer["log_probabilities"], abs=HALF)
    assert layers["log_probabilities"]["values"] == expected
    maps = [v for plane in answer["class_maps"] for row in plane for v in row]
    assert layers["prediction"]["values"] == pytest.approx(maps, abs=HALF)


def test_layers_are_those_of_the_model_card(page: Page, service: ServiceProcess) -> None:
    with urllib.request.urlopen(f"{service.url}/model-info") as response:
        card = json.load(response)["layers"]
    layers = layers_of(page, answer_of(service, DIGITS[0].read_bytes())["image"])
    assert [(name, layer["shape"]) for name, layer in layers.items()] == [
        (layer["name"], layer["output_shape"]) for layer in card
    ]


@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("pool_last", [False, True])
def test_page_runs_whatever_a_checkpoint_says(
    page: Page, pooling: Pooling, pool_last: bool
) -> None:
    torch.manual_seed(0)
    network = DigitNetwork(pooling=pooling, pool_last=pool_last)
    pixels = torch.randint(0, 256, (1, 28, 28), dtype=torch.uint8)
    with torch.inference_mode():
        network(pixels)  # BatchNorm's statistics are not those that it was made with
        expected = network.eval().class_maps(pixels).flatten().tolist()
    notes = {"pooling": str(pooling), "pool_last": json.dumps(pool_last)}
    maps = page.evaluate(
        """async ([weights, pixels]) => {
            const { Network } = await import("/static/network.js");
            const { parseSafetensors } = await import("/static/safetensors.js");
            const stored = Uint8Array.from(weights).buffer;
            const network = new Network(parseSafetensors(stored));
            return [...network.forward(pixels).get("prediction").values];
        }""",
        [list(halve(save(network.state_dict(), notes))), pixels.flatten().tolist()],
    )
    assert maps == pytest.approx(expected, abs=0.01)


def open_inside(page: Page) -> None:
    draw(page, 7)
    expect_digit(page, 7)
    page.locator("layer-tiles[name='prediction']").scroll_into_view_if_needed()
    expect(page.locator("network-inside .time")).to_contain_text("ms", timeout=15_000)


def expect_maps(page: Page, canvas: str) -> None:
    """The canvas, painted in sight or when the pen rests, soon has many shades."""
    for _ in range(50):
        picture = shown_on(page, canvas)
        if len(picture.getcolors(picture.width * picture.height) or []) > 20:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{canvas} stays blank")


def test_weights_come_when_the_pen_rests(open_page: OpenPage) -> None:
    page, visit = open_page(viewport={"width": 1280, "height": 800})
    assert not any(url.endswith(WEIGHTS) for url in visit.requests)
    draw(page, 7)
    with page.expect_event("requestfinished", lambda request: request.url.endswith(WEIGHTS)):
        expect_digit(page, 7)
    open_inside(page)
    assert sum(url.endswith(WEIGHTS) for url in visit.requests) == 1


def test_maps_out_of_sight_are_there_when_the_pen_rests(page: Page) -> None:
    """So that who takes a picture of the whole page finds them, and who clears, none."""
    canvas = "layer-tiles[name='block3.1'] canvas"
    draw(page, 7)
    expect_maps(page, canvas)
    page.keyboard.press("Escape")
    page.wait_for_timeout(1_000)
    shades = shown_on(page, canvas).getcolors()
    assert shades is not None
    assert len(shades) <= 2
    assert page.evaluate("scrollY") == 0


def test_averages_name_the_same_digit(page: Page) -> None:
    open_inside(page)
    expect(page.locator(".averages [data-best] b")).to_have_text("7")


def test_maps_follow_the_drawing(page: Page) -> None:
    open_inside(page)
    page.keyboard.press("Escape")
    expect(page.locator(".averages [data-best]")).to_have_count(0)
    draw(page, 1)  # the pad is still in sight
    expect(page.locator(".averages [data-best] b")).to_have_text("1", timeout=15_000)


@pytest.mark.parametrize("name", ["block1.0", "transition1", "block3.1"])
def test_every_layer_shows_its_maps_and_tells_its_shape(page: Page, name: str) -> None:
    open_inside(page)
    tiles = page.locator(f"layer-tiles[name='{name}']")
    tiles.scroll_into_view_if_needed()
    expect(tiles.locator("xpath=..").locator("[data-part=facts]")).to_contain_text("parameters")
    expect_maps(page, f"layer-tiles[name='{name}'] canvas")


def test_hovered_unit_clears_the_patch_that_it_sees(page: Page) -> None:
    open_inside(page)
    tiles = page.locator("layer-tiles[name='block1.2']")
    tiles.scroll_into_view_if_needed()
    tiles.hover(position={"x": 30, "y": 30})
    readout = tiles.locator("xpath=..").locator("[data-part=unit]")
    expect(readout).to_contain_text("map 1, row 1")
    assert veiled(page) > 0.5
    page.mouse.move(5, 5)
    expect(readout).to_be_empty()
    assert veiled(page) < 0.5


def veiled(page: Page) -> float:
    """Share of the pad that is covered by ink or veil."""
    alpha = np.asarray(shown_on(page, "drawing-pad canvas.ink").getchannel("A"))
    return float((alpha > 0).mean())


def test_arrow_keys_walk_from_unit_to_unit_and_tile_to_tile(page: Page) -> None:
    open_inside(page)
    tiles = page.locator("layer-tiles[name='block3.0']")
    page.locator("layer-tiles[name='transition2']").focus()
    page.keyboard.press("Tab")
    expect(tiles).to_be_focused()
    readout = tiles.locator("xpath=..").locator("[data-part=unit]")
    expect(readout).to_contain_text("map 1, row 1, column 1:")
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(readout).to_contain_text("map 2, row 2, column 1:")
    expect(page.get_by_role("status")).to_contain_text("map 2, row 2, column 1:")


def test_phone_shows_the_drawing_beside_the_unit(open_page: OpenPage) -> None:
    page, _ = open_page(**PHONE)
    open_inside(page)
    mirror = page.locator(".mirror")
    expect(mirror).to_be_hidden()
    page.locator("layer-tiles[name='prediction']").tap()
    expect(mirror).to_be_visible()
    page.get_by_role("heading", name="Small on purpose").tap()
    expect(mirror).to_be_hidden()


def test_filters_are_shown_before_anything_is_drawn(page: Page) -> None:
    filters = "layer-tiles[name='filters'] canvas"
    with page.context.expect_event("response", lambda response: response.url.endswith(WEIGHTS)):
        page.locator(filters).scroll_into_view_if_needed()
    expect_maps(page, filters)


def test_missing_weights_are_told(open_page: OpenPage) -> None:
    page, _ = open_page()
    page.context.route(f"**{WEIGHTS}", lambda route: route.fulfill(status=404))
    draw(page, 7)
    expect_digit(page, 7)
    page.locator("layer-tiles[name='prediction']").scroll_into_view_if_needed()
    expect(page.locator("network-inside .time")).to_contain_text("did not come", timeout=15_000)


def test_missing_shapes_are_told(open_page: OpenPage) -> None:
    page, _ = open_page()
    page.context.route("**/model-info", lambda route: route.fulfill(status=503))
    page.reload()
    expect(page.locator("#walk")).to_contain_text("did not tell")


def test_single_map_is_told_as_one(page: Page) -> None:
    expect(page.locator("layer-tiles[name='normalize']")).to_have_attribute(
        "aria-label", "1 map of 28 × 28, normalize"
    )
