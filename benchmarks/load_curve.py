"""Throughput and latency against offered load, ours and the peers': a CSV and a picture.

::

    python benchmarks/load_curve.py

Open loop: pictures come at random moments at a mean rate that the service can't influence
(``load.py``), as forms, on up to 64 connections. Each service has one core, the generator another.
A service's rates rise until it answers less than nine tenths of what is asked.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from apart import run_apart
from contestants import CONTESTANTS, DIGITS, OURS, REPOSITORY, Contestant, running, versions
from report import facts

from app.recognizer import Recognizer

RATES = (50, 100, 200, 300, 400, 600, 900, 1200, 1500, 1800, 2100, 2400, 2700, 3000)
FIELDS = ("service", "offered", "answered", "p50", "p99", "failures")
ENOUGH = 0.9
SERVER, GENERATOR = {0}, "1"
COLOURS = ("#0b6e4f", "#c1666b", "#4d6cfa", "#d4a017", "#7b4b94")


def curve(contestant: Contestant, seconds: float) -> list[dict[str, Any]]:
    """One row a rate."""
    rows: list[dict[str, Any]] = []
    with running(contestant, SERVER) as service:
        service.check(Recognizer.load(REPOSITORY / "weights"))
        for rate in RATES:
            where = ("127.0.0.1", str(service.port), str(DIGITS[0]), "--form")
            how = ("--rate", str(rate), "--seconds", str(seconds))
            text = run_apart(GENERATOR, "load.py", *where, *how)
            row: dict[str, Any] = {"service": contestant.name, **json.loads(text)}
            rows.append(row)
            print(row, flush=True)
            if row["answered"] < ENOUGH * rate:
                break
    return rows


def measured(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV but for those that say when and where it was measured."""
    with path.open() as file:
        return [row for row in csv.DictReader(file) if row["answered"]]


def draw(rows: list[dict[str, str]], path: Path) -> None:
    """Two panels: what is answered, and how soon."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    names = list(dict.fromkeys(row["service"] for row in rows))
    for name, colour in zip(names, COLOURS[: len(names)], strict=True):
        own = [row for row in rows if row["service"] == name]
        offered = [float(row["offered"]) for row in own]
        width = 2.4 if name == OURS.name else 1.4
        left.plot(
            offered, [float(row["answered"]) for row in own], "o-", ms=3, lw=width, color=colour
        )
        left.annotate(
            f" {name}", (offered[-1], float(own[-1]["answered"])), color=colour, va="center"
        )
        for field, style in (("p50", "-"), ("p99", ":")):
            values = [float(row[field]) for row in own]
            right.plot(offered, values, style, lw=width, color=colour, label=f"{name}, {field}")
    left.set(xlabel="offered, pictures/s", ylabel="answered, pictures/s", xlim=(0, 1.25 * 2700))
    right.set(xlabel="offered, pictures/s", ylabel="latency, ms", yscale="log")
    figure.legend(loc="outside upper right", ncols=4, fontsize=8, frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def main() -> None:
    """Measure, write, draw; or only draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, help="for each rate")
    parser.add_argument("--draw-only", action="store_true", help="from the CSV that is there")
    parser.add_argument(
        "--csv", type=Path, default=REPOSITORY / "benchmarks/results/load_curve.csv"
    )
    parser.add_argument("--png", type=Path, default=REPOSITORY / "docs/images/load.png")
    options = parser.parse_args()
    if not options.draw_only:
        for one in CONTESTANTS:
            one.install()
        rows = [row for one in CONTESTANTS for row in curve(one, options.seconds)]
        options.csv.parent.mkdir(exist_ok=True)
        with options.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
            csv.writer(file).writerows([*facts(), *versions()])
    draw(measured(options.csv), options.png)


if __name__ == "__main__":
    main()
