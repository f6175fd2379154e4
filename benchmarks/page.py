"""What does the drawing page weigh, how soon does it answer, and how smoothly does it draw?

Starts the service and Chromium, draws a digit with the mouse in three situations, and prints::

    python benchmarks/page.py
"""

from __future__ import annotations

import argparse
import gzip
import math
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, Response, sync_playwright

REPOSITORY = Path(__file__).parent.parent
VIEWPORT = {"width": 1280, "height": 800}
ANSWERED = "digit-answer:is([data-state=sure], [data-state=unsure])"
COLLECT_FRAMES = """() => {
    window.frames_ = [];
    const note = (at) => { frames_.push(at); requestAnimationFrame(note); };
    requestAnimationFrame(note);
}"""
FIRST_ANSWER = """() => {
    const note = () => {
        const { state } = document.querySelector("digit-answer")?.dataset ?? {};
        if (state === "sure" || state === "unsure") window.answeredAt = performance.now();
        else requestAnimationFrame(note);
    };
    addEventListener("pointerdown", () => { window.pressedAt ??= performance.now(); }, true);
    requestAnimationFrame(note);
}"""

AFTER_A_FRAME = "new Promise(requestAnimationFrame)"


@contextmanager
def running_service() -> Iterator[str]:
    """The address of a service that lives as long as the context."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app", "--port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=quiet, stderr=quiet)
    try:
        for _ in range(600):
            try:
                urlopen(f"{url}/health/ready").close()
                break
            except URLError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def draw(page: Page, seconds: float) -> None:
    """Draw a 0, again and again in one stroke, as fast as a hand does."""
    box = page.locator("drawing-pad").bounding_box()
    assert box is not None
    side = box["width"]
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        angle = 2 * math.pi * passed / 1.5
        x = box["x"] + side * (0.5 + 0.22 * math.sin(angle))
        y = box["y"] + side * (0.5 - 0.35 * math.cos(angle))
        page.mouse.move(x, y)
        if passed < 0.02:
            page.mouse.down()
        time.sleep(0.004)
    page.mouse.up()


def weigh(browser: Browser, url: str) -> None:
    """Print the bytes that the page fetches at first, and when the reader gets to the maps."""
    page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
    responses: list[Response] = []
    page.context.on("response", lambda response: responses.append(response))
    page.goto(url, wait_until="networkidle")
    at_first = len(responses)
    with page.context.expect_event("response", lambda r: kind_of(r) == "safetensors"):
        page.locator("layer-tiles").first.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    print(f"{'files':<34}{'number':>8}{'bytes':>10}{'gzipped':>10}")
    for name, part in (("first load", responses[:at_first]), ("at the maps", responses[at_first:])):
        bodies = [response.body() for response in part]
        zipped = sum(min(len(gzip.compress(body)), len(body)) for body in bodies)
        print(f"{name:<34}{len(bodies):>8}{sum(map(len, bodies)):>10,}{zipped:>10,}")
        for kind in ("js", "css", "png", "safetensors"):
            chosen = [len(b) for b, r in zip(bodies, part, strict=True) if kind_of(r) == kind]
            if chosen:
                print(f"  {kind:<32}{len(chosen):>8}{sum(chosen):>10,}")
    page.context.close()


def kind_of(response: Response) -> str:
    """What a file's name ends with."""
    return urlsplit(response.url).path.rpartition(".")[2]


def time_first_prediction(browser: Browser, url: str, visits: int) -> None:
    """Print how soon a fresh visitor sees an answer: to a link, and to the first ink."""
    by_link, by_hand = [], []
    fragment = ""
    for _ in range(visits + 1):
        page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
        page.add_init_script(f"({FIRST_ANSWER})()")
        if fragment:
            page.goto(url + fragment)
            page.wait_for_selector(ANSWERED)
            by_link.append(page.evaluate(AFTER_A_FRAME + ".then(() => answeredAt)"))
            page.close()
            page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
            page.add_init_script(f"({FIRST_ANSWER})()")
        page.goto(url, wait_until="networkidle")
        draw(page, 1)
        page.wait_for_selector(ANSWERED)
        if fragment:
            by_hand.append(page.evaluate(AFTER_A_FRAME + ".then(() => answeredAt - pressedAt)"))
        fragment = "/" + page.evaluate("location.hash")
        page.close()
    print(f"\n{'first prediction, ms':<34}{'median':>8}{'most':>10}")
    for name, times in (("from opening a link to a drawing", by_link), ("first ink", by_hand)):
        print(f"{name:<34}{statistics.median(times):>8.0f}{max(times):>10.0f}")


def time_frames(browser: Browser, url: str, seconds: float) -> None:
    """Print the time from frame to frame while a stroke is drawn."""
    print(f"\n{'frame time while drawing, ms':<34}{'p50':>8}{'p95':>10}{'frames':>10}")
    for name in ("drawing alone", "with a class map", "with the maps of the layers"):
        page = browser.new_page(viewport=VIEWPORT)  # type: ignore[arg-type]
        page.goto(url, wait_until="networkidle")
        draw(page, 0.5)
        page.wait_for_selector(ANSWERED)
        if name == "with a class map":
            page.locator(".bar").first.click()
        if name == "with the maps of the layers":
            page.locator("layer-tiles[name='block1.1']").scroll_into_view_if_needed()
            page.wait_for_selector("network-inside .time:not(:empty)")
        page.evaluate(COLLECT_FRAMES)
        draw(page, seconds)
        at = page.evaluate("frames_")
        times = sorted(after - before for before, after in pairwise(at))
        p50, p95 = (times[int(len(times) * share)] for share in (0.5, 0.95))
        print(f"{name:<34}{p50:>8.1f}{p95:>10.1f}{len(times):>10}")
        page.close()


def main() -> int:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a measured stroke")
    options = parser.parse_args()
    with running_service() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        print(f"Chromium {browser.version}, no GPU, {platform.machine()} {platform.system()}\n")
        weigh(browser, url)
        time_first_prediction(browser, url, options.visits)
        time_frames(browser, url, options.seconds)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
