"""Damaged files against the decoder, guided by which branches they reach.

::

    make fuzz-decoder

``fuzz.py`` damages blindly and watches the whole service; here Atheris (libFuzzer) keeps what
reaches new branches of Pillow's parsers and of ours and goes on from there, in one process.
Anything but a problem that is named ends the run, as do 5 s for one file or 2 GB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "app", "python_multipart"]):
    from app.arrays import read_images
    from app.decoding import decode_image
    from app.preprocessing import prepare
    from app.problems import Problem, TooManyFiles
    from app.uploads import parse_form

from mutations import seeds

MAX_PIXELS = 1_000_000
"""Fewer than the service's, so that most of the time goes into parsers."""


def one_input(data: bytes) -> None:
    """Read bytes in the three ways that the service does."""
    with suppress(Problem):
        prepare(decode_image(data, MAX_PIXELS))
    with suppress(Problem):
        read_images(data, 100)
    if data.startswith(b"--b"):
        with suppress(Problem):
            parse_form(data, b"b", 8, TooManyFiles)


def main() -> None:
    """Fuzz; libFuzzer prints what it does, and ends the process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            (Path(corpus) / str(number)).write_bytes(seed.body)
        limits = ["-timeout=5", "-rss_limit_mb=2048", "-max_len=20000"]
        atheris.Setup(
            [sys.argv[0], corpus, *limits, f"-max_total_time={options.seconds}"], one_input
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
