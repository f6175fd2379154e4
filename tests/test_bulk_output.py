"""Bulk scoring's output: every image once, whatever is begun twice, killed or resumed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from bulk_scoring import planned, rows_of, scored
from conftest import DIGITS, idx, label_of, npy, pixels_of
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from app.bulk import sink
from app.bulk.errors import BulkError
from app.bulk.plan import first, shards
from app.bulk.sources import Piece
from app.bulk.work import do_shard

IMAGES = np.stack([pixels_of(path) for path in DIGITS])
LABELS = [label_of(path) for path in DIGITS]
LOCAL = fs.LocalFileSystem()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "digits.idx"
    path.write_bytes(idx(IMAGES))
    return path


def piece(number: int, images: int, size: int) -> Piece:
    return Piece(str(number), "", 0, images, images, size)


pieces = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5000)), max_size=20).map(
    lambda each: [piece(number, *one) for number, one in enumerate(each)]
)


@given(pieces, st.integers(1, 30), st.integers(1, 3000))
def test_shards_hold_every_image_once_in_order(found: list[Piece], rows: int, size: int) -> None:
    made = list(shards(found, rows, size))
    images = [
        (part.path, row)
        for shard in made
        for part in shard
        for row in range(part.start, part.start + part.images)
    ]
    assert images == [(part.path, row) for part in found for row in range(part.images)]
    for shard in made:
        assert 0 < sum(part.images for part in shard) <= rows
        assert sum(part.size for part in shard) <= size or sum(p.images for p in shard) == 1


@given(pieces, st.integers(1, 200))
def test_limit_takes_the_first_images(found: list[Piece], limit: int) -> None:
    taken = list(first(found, limit))
    everything = [(part.path, row) for part in found for row in range(part.images)]
    assert [(p.path, row) for p in taken for row in range(p.images)] == everything[:limit]


def test_shard_that_is_done_twice_is_written_once(source: Path, tmp_path: Path) -> None:
    _, job = planned(source, tmp_path / "out")
    tally, made = do_shard(job, 1)
    path = tmp_path / "out/part-0000001.parquet"
    written = path.stat().st_mtime_ns
    assert made
    assert do_shard(job, 1) == (tally, False)
    assert path.stat().st_mtime_ns == written


def test_two_that_do_one_shard_write_the_same(source: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        _, job = planned(source, tmp_path / name)
        do_shard(job, 0)
        contents.append((tmp_path / name / "part-0000000.parquet").read_bytes())
    assert contents[0] == contents[1]


def test_counts(tmp_path: Path) -> None:
    images = np.concatenate([IMAGES, np.zeros((2, 28, 28), np.uint8)])
    images[40] = np.indices((28, 28)).sum(0) % 2 * 255  # no digit
    (tmp_path / "in.npy").write_bytes(npy(images))
    record, job = planned(tmp_path / "in.npy", tmp_path / "out")
    total = sum((do_shard(job, number)[0] for number in range(record.shards)), sink.Tally())
    rows = rows_of(tmp_path / "out")
    assert total == sink.Tally(
        images=42,
        digits=[sum(row["digit"] == digit for row in rows) for digit in range(10)],
        rejected=sum(row["is_digit"] is False for row in rows),
        errors=1,
    )
    assert total.rejected >= 1


def test_file_is_not_seen_before_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment before the renaming is where a kill would do the most harm."""
    (tmp_path / sink.PRIVATE).mkdir()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        sink.write_whole(LOCAL, str(tmp_path), str(tmp_path / "a.parquet"), b"data")
    assert [path.name for path in tmp_path.iterdir()] == [sink.PRIVATE]
    monkeypatch.undo()
    sink.write_whole(LOCAL, str(tmp_path), str(tmp_path / "a.parquet"), b"data")
    assert (tmp_path / "a.parquet").read_bytes() == b"data"


def test_shard_that_another_has_done_meanwhile_is_done(source: Path, tmp_path: Path) -> None:
    _, job = planned(source, tmp_path / "out")
    notes = [sink.begin(LOCAL, job.output, 0) for _ in range(2)]
    for each in notes:
        sink.end(LOCAL, each)
    assert do_shard(job, 0)[1]


def test_what_killed_workers_left_is_swept(source: Path, tmp_path: Path) -> None:
    planned(source, tmp_path / "out")
    (tmp_path / f"out/_bulk/1{sink.UNFINISHED}").write_bytes(b"half")
    sink.sweep(LOCAL, str(tmp_path / "out"))
    names = {path.name for path in (tmp_path / "out/_bulk").iterdir()}
    assert names == {"plan.arrow", "run.json"}


def test_shard_that_kills_its_workers_is_given_up(source: Path, tmp_path: Path) -> None:
    _, job = planned(source, tmp_path / "out")
    for _ in range(sink.ATTEMPTS):
        sink.begin(LOCAL, job.output, 0)
    with pytest.raises(RuntimeError, match="shard 0 has cost 10 workers their lives"):
        do_shard(job, 0)
    planned(source, tmp_path / "out", resume=True)  # who resumes has changed something
    assert do_shard(job, 0)[1]


def test_input_that_changes_after_planning_stops_the_run(source: Path, tmp_path: Path) -> None:
    _, job = planned(source, tmp_path / "out")
    source.write_bytes(idx(IMAGES[:20]))
    with pytest.raises(OSError, match="is shorter than it was"):
        do_shard(job, 2)
    assert list((tmp_path / "out").glob("*.parquet")) == []


class TestResuming:
    def test_does_what_is_left(self, source: Path, tmp_path: Path) -> None:
        _, job = planned(source, tmp_path / "out")
        do_shard(job, 1)
        rows = scored(source, tmp_path / "out", resume=True)
        assert [row["identifier"] for row in rows] == [f"digits.idx#{n}" for n in range(40)]
        assert [row["digit"] for row in rows] == LABELS

    def test_has_to_be_asked_for(self, source: Path, tmp_path: Path) -> None:
        planned(source, tmp_path / "out")
        with pytest.raises(BulkError, match="Go on with --resume"):
            planned(source, tmp_path / "out")

    def test_of_what_was_never_begun_begins(self, source: Path, tmp_path: Path) -> None:
        assert len(scored(source, tmp_path / "out", resume=True)) == 40

    def test_of_a_run_that_was_killed_while_planning_plans(
        self, source: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "out/_bulk").mkdir(parents=True)
        (tmp_path / "out/_bulk/plan.arrow").write_bytes(b"half a pl")
        assert len(scored(source, tmp_path / "out", resume=True)) == 40

    @pytest.mark.parametrize(
        ("setting", "value", "words"),
        [
            ("preprocess", "auto", "preprocess None, not auto"),
            ("rows_per_file", 10, "rows per file 16, not 10"),
            ("checkpoint", "0" * 64, "checkpoint .*, not 0000"),
            ("limit", 3, "limit None, not 3"),
        ],
    )
    def test_with_other_settings_is_refused(
        self, source: Path, tmp_path: Path, setting: str, value: object, words: str
    ) -> None:
        planned(source, tmp_path / "out")
        with pytest.raises(BulkError, match=words):
            planned(source, tmp_path / "out", resume=True, **{setting: value})


def test_folder_with_other_things_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("mine")
    with pytest.raises(BulkError, match=r"not empty \(thesis.txt\)"):
        planned(source, tmp_path / "out", resume=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
