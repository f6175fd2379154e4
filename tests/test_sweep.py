import csv
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import REPOSITORY

from training.data import Digits
from training.device import choose_device
from training.network import PARAMETERS, DigitNetwork, count_parameters
from training.plots import plot_sweep
from training.sweep import ROWS, SHORT, Row, collect, markdown, run_row
from training.variants import Variant

TINY = replace(SHORT, epochs=2, batch_size=8)


def test_variant_without_changes_is_the_network(digits: Digits) -> None:
    network, variant = DigitNetwork().eval(), Variant().build().eval()
    theirs = [value for name, value in network.state_dict().items() if name not in ("mean", "std")]
    ours = variant.state_dict()
    variant.load_state_dict(dict(zip(ours, theirs, strict=True)))
    assert torch.allclose(variant(digits.images), network(digits.images), atol=1e-5)
    assert count_parameters(variant) == PARAMETERS
    assert variant.receptive_field == 34


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_can_be_asked(row: Row, digits: Digits) -> None:
    answer = row.variant.build().eval()(digits.images[:2])
    assert answer.shape == (2, 10)
    assert answer.exp().sum(1).tolist() == pytest.approx([1, 1])


def test_rows_have_names_of_their_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_row_but_the_first_changes_something() -> None:
    unchanged = [row.name for row in ROWS if row.variant == Variant() and row.recipe == SHORT]
    assert unchanged == ["ours-as-designed"]


def test_finished_rows_stay_and_missing_ones_are_trained(digits: Digits, tmp_path: Path) -> None:
    device = choose_device("cpu", "float32", threads=1)
    rows = [Row("a", "b", recipe=TINY), Row("a", "c", Variant(norm="none"), TINY)]
    run_row(rows[0], 0, tmp_path, digits, digits, device)
    assert [line["answer"] for line in collect(tmp_path, rows, seeds=1)] == ["b"]
    first = tmp_path / "a-b-0.json"
    before = first.stat().st_mtime_ns
    for row in rows:
        run_row(row, 0, tmp_path, digits, digits, device)
    assert first.stat().st_mtime_ns == before
    table = collect(tmp_path, rows, seeds=1)
    assert [line["answer"] for line in table] == ["b", "c"]
    assert table[0]["accuracy"] == json.loads(first.read_text())["accuracy"]
    plot_sweep(table, tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").stat().st_size > 1000
    assert markdown(table).splitlines()[2].startswith(f"| a | b | {PARAMETERS:,} | 34 | ")


def test_documented_table_is_that_of_the_records() -> None:
    with (REPOSITORY / "docs/records/2026-11-24-sweep/sweep.csv").open() as file:
        table = [
            {key: _number(text) for key, text in line.items()} for line in csv.DictReader(file)
        ]
    assert [(line["question"], str(line["answer"])) for line in table] == [
        (row.question, row.answer) for row in ROWS
    ]
    assert markdown(table) in (REPOSITORY / "docs/results.md").read_text(encoding="utf-8")


def _number(text: str) -> Any:
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text
