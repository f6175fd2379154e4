"""What does the drawing page weigh, how soon does it answer, and how smoothly does it draw?

Starts the service and Chromium, draws with the mouse as a visitor does, and prints::

    python benchmarks/page.py

Bytes are those of the files (raw) and those on the wire, where the service compresses. A round trip
is the browser's own time for a request to ``/predict``, while a stroke is being drawn.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import math
import os
import shutil
import statistics
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from contestants import OURS, REPOSITORY, running
from playwright.sync_api import Browser, Page, Response, sync_playwright
from report import hardware

Rows = list[tuple[str, float, str]]
"""What was measured, its value, its unit."""

ANSWERED = "digit-answer:not([data-state=empty], [data-state=problem])"
SITUATIONS = ("drawing alone", "with a class map", "with the maps of the layers")
NOTE_TIMES = """() => {
    addEventListener("pointerdown", () => { window.pressedAt ??= performance.now(); }, true);
    const note = () => {
        if (document.querySelector("ANSWERED")) window.answeredAt = performance.now();
        else requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
}""".replace("ANSWERED", ANSWERED)
TAKEN = """() => new Promise((resolve) => {
    const look = () => window.answeredAt
        ? resolve(answeredAt - (window.pressedAt ?? 0))
        : requestAnimationFrame(look);
    look();
})"""
COLLECT_FRAMES = """() => {
    window.frameTimes = [];
    const note = (at) => { frameTimes.push(at); requestAnimationFrame(note); };
    requestAnimationFrame(note);
    performance.clearResourceTimings();
    performance.setResourceTimingBufferSize(10_000);
}"""
ROUND_TRIPS = """() => performance.getEntriesByType("resource")
    .filter(({ name }) => name.includes("/predict?")).map(({ duration }) => duration)"""


def draw(page: Page, seconds: float) -> None:
    """Draw a 0, again and again in one stroke, as fast as a hand does."""
    box = page.locator("drawing-pad").bounding_box()
    assert box is not None
    side = box["width"]
    page.mouse.move(box["x"] + side * 0.5, box["y"] + side * 0.15)
    page.mouse.down()
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        angle = 2 * math.pi * passed / 1.5
        x = box["x"] + side * (0.5 + 0.22 * math.sin(angle))
        y = box["y"] + side * (0.5 - 0.35 * math.cos(angle))
        page.mouse.move(x, y)
        time.sleep(0.004)
    page.mouse.up()


def kind_of(response: Response) -> str:
    """What a file's name ends with; the last part of the path where it has no ending."""
    path = urlsplit(response.url).path
    return Path(path).suffix[1:] or Path(path).name or "html"


def weigh(page: Page, url: str) -> Rows:
    """The bytes that the page fetches at first, and when the reader gets to the layers' maps."""
    responses: list[Response] = []
    page.context.on("response", lambda response: responses.append(response))
    page.goto(url, wait_until="networkidle")
    first = len(responses)
    with page.context.expect_event("response", lambda r: kind_of(r) == "safetensors"):
        page.locator("layer-tiles").first.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    raw = [len(response.body()) for response in responses]
    sent = [response.request.sizes()["responseBodySize"] for response in responses]
    kinds: defaultdict[str, int] = defaultdict(int)
    for response, size in zip(responses, raw, strict=True):
        kinds[kind_of(response)] += size
    return [
        ("first load, requests", first, ""),
        ("first load, raw", sum(raw[:first]) / 1000, "kB"),
        ("first load, on the wire", sum(sent[:first]) / 1000, "kB"),
        ("in all, raw", sum(raw) / 1000, "kB"),
        ("in all, on the wire", sum(sent) / 1000, "kB"),
        *((f"in all, raw: {kind}", size / 1000, "kB") for kind, size in kinds.items()),
    ]


def first_predictions(browser: Browser, url: str, visits: int) -> Rows:
    """How soon a fresh visitor sees an answer: after opening a link, and after the first ink."""

    def visit(address: str, inks: bool) -> tuple[float, str]:
        page = browser.new_page()
        page.add_init_script(f"({NOTE_TIMES})()")
        page.goto(address, wait_until="networkidle")
        if inks:
            draw(page, 1)
        page.wait_for_selector(ANSWERED)
        taken = page.evaluate(TAKEN)
        link = page.url
        page.close()
        return taken, link

    _, link = visit(url, inks=True)
    by_link = [visit(link, inks=False)[0] for _ in range(visits)]
    by_hand = [visit(url, inks=True)[0] for _ in range(visits)]
    return [
        ("first prediction after opening a link, median", statistics.median(by_link), "ms"),
        ("first prediction after the pen touches, median", statistics.median(by_hand), "ms"),
    ]


def while_drawing(page: Page, situation: str, seconds: float) -> Rows:
    """The time from frame to frame and of the requests while a stroke is drawn."""
    draw(page, 0.5)
    page.wait_for_selector(ANSWERED)
    if situation == "with a class map":
        page.locator(".bar").first.click()
    if situation == "with the maps of the layers":
        page.locator("layer-tiles[name='block1.1']").scroll_into_view_if_needed()
        page.wait_for_selector("network-inside .time:not(:empty)")
    page.evaluate(COLLECT_FRAMES)
    draw(page, seconds)
    frames = [after - before for before, after in pairwise(page.evaluate("frameTimes"))]
    trips = page.evaluate(ROUND_TRIPS)
    found: Rows = []
    for what, times in (("frame time", frames), ("round trip", trips)):
        for share in (50, 95):
            value = float(np.percentile(times, share, method="higher"))
            found.append((f"{what}, {situation}, p{share}", value, "ms"))
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--visits", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=5, help="length of a measured stroke")
    parser.add_argument("--csv", type=Path, default=REPOSITORY / "benchmarks/results/page.csv")
    options = parser.parse_args()
    rows: Rows = []
    with running(OURS, os.sched_getaffinity(0)) as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        url = f"http://127.0.0.1:{service.port}/"
        rows += weigh(browser.new_page(), url)
        rows += first_predictions(browser, url, options.visits)
        for situation in SITUATIONS:
            page = browser.new_page()
            page.goto(url, wait_until="networkidle")
            rows += while_drawing(page, situation, options.seconds)
            page.close()
        chromium = browser.version
        browser.close()
    for what, value, unit in rows:
        print(f"{what:<56}{value:>9,.1f} {unit}".rstrip())
    with options.csv.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "value", "unit"])
        writer.writerows([what, f"{value:.1f}", unit] for what, value, unit in rows)
        writer.writerow(["date", datetime.date.today().isoformat()])
        writer.writerow(["hardware", hardware()])
        writer.writerow(["browser", f"Chromium {chromium}, no GPU"])


if __name__ == "__main__":
    main()
