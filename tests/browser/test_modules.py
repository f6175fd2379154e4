"""Modules of the page that are logic alone, run in Chromium without the page around them."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from playwright.sync_api import Error, Page


def call(page: Page, module: str, function: str, *arguments: object) -> Any:
    return page.evaluate(
        """async ([module, name, values]) =>
            (await import(`/static/${module}.js`))[name](...values)""",
        [module, function, list(arguments)],
    )


STROKES: dict[str, list[dict[str, Any]]] = {
    "dot": [{"width": 0.078, "erase": False, "points": [[0.5, 0.25, 1]]}],
    "line and eraser": [
        {"width": 0.04, "erase": False, "points": [[0, 0, 1], [0.5, 0.75, 1], [1, 1, 1]]},
        {"width": 0.156, "erase": True, "points": [[0.25, 0.5, 1], [0.75, 0.5, 1]]},
    ],
    "pressure": [{"width": 0.1, "erase": False, "points": [[0.1, 0.1, 0.75], [0.2, 0.2, 1.25]]}],
    "beyond the pad": [{"width": 0.1, "erase": False, "points": [[-0.5, 0.5, 1], [1.5, 2, 1]]}],
}


@pytest.mark.parametrize("case", STROKES)
def test_strokes_survive_encoding(page: Page, case: str) -> None:
    text = call(page, "stroke-code", "encodeStrokes", STROKES[case])
    decoded = call(page, "stroke-code", "decodeStrokes", text)
    assert [(s["width"], s["erase"]) for s in decoded] == [
        (s["width"], s["erase"]) for s in STROKES[case]
    ]
    for stroke, expected in zip(decoded, STROKES[case], strict=True):
        for point, at in zip(stroke["points"], expected["points"], strict=True):
            assert point == pytest.approx(at, abs=1 / 1024)


def test_encoded_strokes_are_short_and_fit_a_fragment(page: Page) -> None:
    points = [[0.2 + 0.005 * step, 0.3 + 0.003 * step, 1] for step in range(100)]
    text = call(
        page, "stroke-code", "encodeStrokes", [{"width": 0.078, "erase": False, "points": points}]
    )
    assert len(text) < 300
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "A", "AA", "AQ", "AU4AZQ", "AU4AAQ", "AQAAAQAA", "%", "é"])
def test_text_that_is_no_drawing_decodes_to_nothing(page: Page, text: str) -> None:
    assert call(page, "stroke-code", "decodeStrokes", text) is None


@pytest.mark.parametrize(
    ("event", "pressure"),
    [
        ({"pointerType": "mouse", "pressure": 0.5}, 1),
        ({"pointerType": "touch", "pressure": 1}, 1),
        ({"pointerType": "pen", "pressure": 0}, 1),
        ({"pointerType": "pen", "pressure": 0.5}, 1),
        ({"pointerType": "pen", "pressure": 0.01}, 0.755),
        ({"pointerType": "pen", "pressure": 3}, 1.25),
    ],
)
def test_pressure_of_a_pen_is_a_factor_near_one(
    page: Page, event: dict[str, Any], pressure: float
) -> None:
    assert call(page, "strokes", "pressureOf", event) == pytest.approx(pressure)


@pytest.mark.parametrize(
    ("width", "extent", "erase", "factor"),
    [
        (0.08, 0.8, False, 1),
        (0.02, 0.8, False, 1),
        (0.08, 0.25, False, 0.5),
        (0.08, 0.25, True, 1),
        (0.08, 0.01, False, 1),
    ],
    ids=["large", "hair", "small", "erased", "dot"],
)
def test_pen_is_thinned_for_a_small_drawing(
    page: Page, width: float, extent: float, erase: bool, factor: float
) -> None:
    stroke = {"width": width, "erase": erase, "points": [[0.1, 0.1, 1], [0.1, 0.1 + extent, 1]]}
    assert call(page, "strokes", "networkThinning", [stroke]) == pytest.approx(factor)


PARSE = """async (bytes) => {
    const { parseSafetensors } = await import("/static/safetensors.js");
    const { tensors } = parseSafetensors(new Uint8Array(bytes).buffer);
    return [...tensors].map(([name, { shape, values }]) => [name, shape, [...values]]);
}"""


def safetensors(header: dict[str, Any], data: bytes) -> list[int]:
    text = json.dumps(header).encode()
    return list(struct.pack("<Q", len(text)) + text + data)


def test_safetensors_are_read_at_any_alignment(page: Page) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "steps": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [8, 16]},
        "b": {"dtype": "F32", "shape": [], "data_offsets": [16, 20]},
    }
    for padding in ("", "x", "xx", "xxx"):
        header["__metadata__"] = {"format": "pt" + padding}
        file = safetensors(header, struct.pack("<qfff", 7, 1.5, -2, 0.25))
        assert page.evaluate(PARSE, file) == [["a", [2, 1], [1.5, -2]], ["b", [], [0.25]]]


def test_halves_are_the_numbers_that_they_stand_for(page: Page) -> None:
    halves = [0.0, 1, -2, 0.333251953125, 65504, -6.103515625e-05, 5.9604644775390625e-08]
    tensor = {"dtype": "F16", "shape": [len(halves)], "data_offsets": [0, 2 * len(halves)]}
    file = safetensors({"a": tensor}, struct.pack(f"<{len(halves)}e", *halves))
    assert page.evaluate(PARSE, file) == [["a", [len(halves)], halves]]


def test_safetensors_cut_short_are_refused(page: Page) -> None:
    file = safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 4)
    with pytest.raises(Error, match="RangeError"):
        page.evaluate(PARSE, file)
    with pytest.raises(Error, match="RangeError"):
        page.evaluate(PARSE, file[:5])


@pytest.mark.parametrize(
    ("side", "field", "row", "column", "patch"),
    [
        (28, 1, 5, 9, [9, 5, 10, 6]),
        (28, 3, 0, 0, [-1, -1, 2, 2]),
        (28, 7, 27, 27, [24, 24, 31, 31]),
        (14, 8, 0, 0, [-3, -3, 5, 5]),
        (7, 18, 3, 3, [5, 5, 23, 23]),
        (7, 34, 3, 3, [-3, -3, 31, 31]),
    ],
)
def test_patch_that_a_unit_sees(
    page: Page, side: int, field: int, row: int, column: int, patch: list[int]
) -> None:
    layer = {"side": side, "receptiveField": field}
    assert call(page, "receptive-field", "patchOf", layer, row, column) == patch


def test_a_unit_changes_only_with_its_patch(page: Page) -> None:
    seen = page.evaluate(
        """async () => {
            const { Network } = await import("/static/network.js");
            const { parseSafetensors } = await import("/static/safetensors.js");
            const { patchOf } = await import("/static/receptive-field.js");
            const response = await fetch("/weights/digits.safetensors");
            const network = new Network(parseSafetensors(await response.arrayBuffer()));
            const noise = Uint8Array.from({ length: 784 }, (_, at) => (at * 7919) % 256);
            const before = network.forward(noise);
            const results = [];
            for (const [name, receptiveField] of [["block1.2", 7], ["block2.1", 16],
                                                  ["transition2", 18]]) {
                const { side, channels, values } = before.get(name);
                const at = Math.floor(side / 2);
                const patch = patchOf({ side, receptiveField }, at, at);
                for (const inside of [true, false]) {
                    const changed = noise.map((value, pixel) => {
                        const x = pixel % 28, y = Math.floor(pixel / 28);
                        const within = x >= patch[0] && x < patch[2] && y >= patch[1]
                            && y < patch[3];
                        return within === inside ? 255 - value : value;
                    });
                    const after = network.forward(changed).get(name).values;
                    const differs = [...Array(channels).keys()].some((channel) => {
                        const unit = (channel * side + at) * side + at;
                        return after[unit] !== values[unit];
                    });
                    results.push(differs);
                }
            }
            return results;
        }"""
    )
    assert seen == [True, False] * 3


def test_evidence_is_what_a_place_says_beyond_the_mean_of_all_digits(page: Page) -> None:
    maps = [[[1.0, 5.0], [2.0, 2.0]]] * 9 + [[[11.0, 5.0], [2.0, -3.0]]]
    evidence = page.evaluate(
        """async (maps) => (await import("/static/evidence.js")).evidenceOf(maps)
            .map((map) => [...map])""",
        maps,
    )
    assert evidence[9] == pytest.approx([1, 0, 0, -0.5])
    assert evidence[0] == pytest.approx([-1 / 9, 0, 0, 0.5 / 9])


def test_enlarged_map_keeps_a_plane_and_the_centres(page: Page) -> None:
    enlarged = page.evaluate(
        """async () => [...(await import("/static/evidence.js"))
            .enlarge(Float32Array.from({ length: 9 }, (_, at) => at % 3), 3, 9)]"""
    )
    rows = [enlarged[9 * row : 9 * row + 9] for row in range(9)]
    assert all(row == pytest.approx(rows[0], abs=1e-6) for row in rows)
    assert [rows[0][1], rows[0][4], rows[0][7]] == pytest.approx([0, 1, 2], abs=0.1)


def test_picture_is_ready_at_once_on_a_busy_page(page: Page) -> None:
    milliseconds = page.evaluate(
        """async (strokes) => {
            const { strokesToBlob } = await import("/static/strokes.js");
            let busy = true;
            requestAnimationFrame(function work() {
                const start = performance.now();
                while (performance.now() - start < 30);
                if (busy) requestAnimationFrame(work);
            });
            const times = [];
            for (let time = 0; time < 5; time++) {
                await new Promise((resolve) => setTimeout(resolve, 20));
                const start = performance.now();
                await strokesToBlob(strokes);
                times.push(performance.now() - start);
            }
            busy = false;
            return times;
        }""",
        STROKES["dot"],
    )
    assert sorted(milliseconds)[2] < 200
