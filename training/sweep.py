"""``python -m training.sweep``: what is each decision worth? One short training a row and seed.

Every row is the recipe below with one thing changed, trained on 50,000 digits and judged by the
10,000 of the validation split; the test set is not read. A row that is finished is not trained
again, so that a sweep that was interrupted goes on with the same command.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from training.data import DataError, Digits, hold_out, load_mnist
from training.device import Device, choose_device
from training.evaluation import evaluate
from training.network import count_parameters
from training.recipes import Recipe
from training.records import environment
from training.trainer import train
from training.variants import Variant

SHORT = Recipe(
    name="sweep",
    epochs=3,
    batch_size=128,
    learning_rate=0.2,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-4,
    schedule="one-cycle",
    dropout=0.01,
)
"""SGD, one-cycle, no augmentation, no averaging: little beside the decision in question."""


@dataclass(frozen=True)
class Row:
    """One row: a question, and one answer to it."""

    question: str
    answer: str
    variant: Variant = field(default_factory=Variant)
    recipe: Recipe = SHORT

    @property
    def name(self) -> str:
        """For files: letters, digits and dashes."""
        text = f"{self.question} {self.answer}".lower()
        return "-".join("".join(c if c.isalnum() or c == "." else " " for c in text).split())


def _network(question: str, **answers: dict[str, Any]) -> list[Row]:
    return [
        Row(question, answer.replace("_", " "), replace(Variant(), **changes))
        for answer, changes in answers.items()
    ]


def _recipes(question: str, answers: dict[str, dict[str, Any]]) -> list[Row]:
    return [Row(question, name, recipe=replace(SHORT, **new)) for name, new in answers.items()]


WIDE, NARROW = ((12, 24, 48), (24, 48), (24, 48)), ((4, 8, 16), (8, 16), (8, 16))

ROWS = (
    Row("ours", "as designed"),
    *_network(
        "layers",
        two_blocks={"blocks": ((8, 16, 32), (16, 32)), "pools": (3, 5)},
        four_blocks={"blocks": ((8, 16, 32), (16, 32), (16, 32), (16, 32)), "pools": (3, 5)},
        one_convolution_less_a_block={"blocks": ((16, 32), (32,), (32,)), "pools": (2, 3)},
        one_convolution_more_a_block={
            "blocks": ((8, 16, 32, 32), (16, 32, 32), (16, 32, 32)),
            "pools": (4, 7),
        },
    ),
    *_network(
        "max-pooling",
        none={"pools": ()},
        after_convolution_3_only={"pools": (3,)},
        after_convolutions_1_and_3={"pools": (1, 3)},
        after_convolutions_2_and_4={"pools": (2, 4)},
        after_convolutions_3_and_6={"pools": (3, 6)},
        a_third_before_the_prediction={"pools": (3, 5, 7)},
    ),
    *_network("transitions", none={"transition": 0}, to_16_channels={"transition": 16}),
    *_network("kernels", half_as_many={"blocks": NARROW}, half_as_many_again={"blocks": WIDE}),
    *_network(
        "BatchNorm",
        before_ReLU={"norm": "before"},
        before_the_prediction_too={"norm_before_prediction": True},
        none={"norm": "none"},
    ),
    Row("BatchNorm", "none, rate 0.02", Variant(norm="none"), replace(SHORT, learning_rate=0.02)),
    *_network("image normalization", none={"normalize": False}),
    *_network(
        "dropout",
        none={"dropout": 0.0},
        tenth_after_transitions={"dropout": 0.1},
        quarter_after_transitions={"dropout": 0.25},
        hundredth_everywhere={"dropout": 0.01, "dropout_after": "convolutions"},
        tenth_everywhere={"dropout": 0.1, "dropout_after": "convolutions"},
        quarter_everywhere={"dropout": 0.25, "dropout_after": "convolutions"},
    ),
    *_network("head", fully_connected={"head": "linear"}),
    *_recipes("batch size", {str(size): {"batch_size": size} for size in (64, 256, 512)}),
    *_recipes(
        "learning rate",
        {
            "constant 0.01": {"schedule": "constant", "learning_rate": 0.01},
            "constant 0.1": {"schedule": "constant", "learning_rate": 0.1},
            "multi-step 0.1": {
                "schedule": "multi-step",
                "learning_rate": 0.1,
                "milestones": (1, 2),
            },
            "one-cycle 0.05": {"learning_rate": 0.05},
            "one-cycle 0.5": {"learning_rate": 0.5},
        },
    ),
)


def run_row(
    row: Row, seed: int, directory: Path, digits: Digits, validation: Digits, device: Device
) -> None:
    """Train one row with one seed and write what came of it, unless that is there already."""
    path = directory / f"{row.name}-{seed}.json"
    if path.exists():
        return
    print(f"{row.question}: {row.answer}, seed {seed}", flush=True)
    network, epochs = train(
        row.variant.build, row.recipe, seed, digits, device, validation=validation
    )
    judged = evaluate(network, validation, device)
    result = {
        "question": row.question,
        "answer": row.answer,
        "seed": seed,
        "parameters": count_parameters(network),
        "receptive_field": network.receptive_field,
        "correct": judged.correct,
        "accuracy": judged.accuracy,
        "loss": judged.loss,
        "accuracies": [epoch.validation_accuracy for epoch in epochs],
        "seconds": round(sum(epoch.seconds for epoch in epochs), 1),
        **environment(device),
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def collect(directory: Path, rows: Sequence[Row], seeds: int) -> list[dict[str, Any]]:
    """One line a row that has all its seeds: parameters, receptive field, mean and deviation."""
    table = []
    for row in rows:
        paths = [directory / f"{row.name}-{seed}.json" for seed in range(seeds)]
        if not all(path.exists() for path in paths):
            continue
        results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        accuracies = [result["accuracy"] for result in results]
        table.append(
            {
                "question": row.question,
                "answer": row.answer,
                "parameters": results[0]["parameters"],
                "receptive_field": results[0]["receptive_field"],
                "seeds": seeds,
                "accuracy": statistics.mean(accuracies),
                "deviation": statistics.stdev(accuracies) if seeds > 1 else 0.0,
                "loss": statistics.mean(result["loss"] for result in results),
                "after_first_epoch": statistics.mean(r["accuracies"][0] for r in results),
            }
        )
    return table


def main() -> int:
    """Train what is missing, then write, draw and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m training.sweep", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="(%(default)s)")
    parser.add_argument("--only", metavar="TEXT", default="", help="rows whose name has this in it")
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--threads", type=int, metavar="N")
    parser.add_argument("--directory", type=Path, default=Path("runs/sweep"), metavar="DIR")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    rows = [row for row in ROWS if options.only in row.name]
    device = choose_device(threads=options.threads)
    try:
        digits, validation = hold_out(load_mnist(options.data).train)
    except DataError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    for seed in range(options.seeds):
        for row in rows:
            run_row(row, seed, options.directory, digits, validation, device)
    table = collect(options.directory, ROWS, options.seeds)
    if table:
        with (options.directory / "sweep.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
        from training.plots import plot_sweep  # needs matplotlib, and the rows don't

        plot_sweep(table, options.directory / "sweep.png")
        print(f"\n{markdown(table)}")
    return 0


def markdown(table: list[dict[str, Any]]) -> str:
    """The table as the documentation shows it."""
    rows = [
        "| question | answer | parameters | receptive field "
        "| right | deviation | loss | first epoch |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in table:
        right, deviation, first = (
            f"{line[key]:.2%}".replace("%", " %")
            for key in ("accuracy", "deviation", "after_first_epoch")
        )
        rows.append(
            f"| {line['question']} | {line['answer']} | {line['parameters']:,} "
            f"| {line['receptive_field']} | {right} | {deviation} | {line['loss']:.4f} | {first} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
