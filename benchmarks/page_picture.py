"""Draws README's picture of the page: a visitor writes a 4 and asks what speaks against a 9.

::

    python benchmarks/page_picture.py

The page takes what fonts the machine has; the committed picture has those of Debian's packages
``fonts-urw-base35`` (Palatino's shapes) and ``fonts-inter``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path

from contestants import OURS, REPOSITORY, running
from playwright.sync_api import Page, sync_playwright

FOUR = [
    [(0.34, 0.13), (0.32, 0.24), (0.29, 0.36), (0.26, 0.47), (0.25, 0.53), (0.27, 0.565),
     (0.33, 0.575), (0.42, 0.57), (0.52, 0.555), (0.62, 0.54), (0.72, 0.53)],
    [(0.66, 0.2), (0.65, 0.32), (0.635, 0.45), (0.62, 0.58), (0.605, 0.72), (0.59, 0.87)],
]  # fmt: skip
"""Two strokes, in shares of the pad's side."""


def write(page: Page) -> None:
    """Draw the 4 with the mouse, and wait for the answer."""
    box = page.locator("drawing-pad").bounding_box()
    assert box is not None
    for stroke in FOUR:
        at = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]
        page.mouse.move(*at[0])
        page.mouse.down()
        for x, y in at[1:]:
            page.mouse.move(x, y)
        page.mouse.up()
    page.get_by_role("status").get_by_text("This is a 4").wait_for()


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs/images/page.png")
    options = parser.parse_args()
    with running(OURS, os.sched_getaffinity(0)) as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1.5)
        page.goto(f"http://127.0.0.1:{service.port}/")
        write(page)
        page.get_by_role("button", name=re.compile("^9: ")).hover()
        page.locator("#legend").wait_for()
        page.wait_for_timeout(500)  # bars grow
        page.screenshot(path=options.out, clip={"x": 0, "y": 0, "width": 1280, "height": 745})
        browser.close()


if __name__ == "__main__":
    main()
