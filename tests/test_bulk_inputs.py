"""Bulk scoring reads every kind of input, and says of each image what the service says."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_scoring import planned, rows_of, scored
from conftest import DIGITS, REPOSITORY, idx, label_of, npy, pixels_of
from fastapi.testclient import TestClient
from PIL import Image, ImageOps

from app.bulk.errors import BulkError
from app.bulk.work import do_shard

LABELS = [label_of(path) for path in DIGITS]
IMAGES = np.stack([pixels_of(path) for path in DIGITS])
FILES = [path.read_bytes() for path in DIGITS]
NUMBERS = [f"#{number}" for number in range(40)]
NAMES = [path.name for path in DIGITS]


def folder(root: Path) -> Path:
    for path in DIGITS:
        (root / path.name[0]).mkdir(parents=True, exist_ok=True)
        (root / path.name[0] / path.name).write_bytes(path.read_bytes())
    (root / "notes.txt").write_text("not a picture")
    (root / ".hidden.png").write_bytes(b"")
    return root


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def parquet(path: Path, images: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"label": LABELS, "image": images}), path, **options)
    return path


def tar(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in [("notes.txt", b"-"), *zip(NAMES, FILES, strict=True)]:
            member = tarfile.TarInfo(f"digits/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def links(root: Path) -> Path:
    """A tar with a picture, a link to it, and a link to nothing."""
    tar(root / "x.tar")
    with tarfile.open(root / "x.tar", "a") as archive:
        for name, form, target in (
            ("hard.png", tarfile.LNKTYPE, f"digits/{NAMES[0]}"),
            ("symbolic.png", tarfile.SYMTYPE, "nowhere.png"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = form, target
            archive.addfile(member)
    return root / "x.tar"


def tensors() -> pa.Array:
    storage = pa.FixedSizeListArray.from_arrays(IMAGES.ravel(), 784)
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.uint8(), [28, 28]), storage)


INPUTS: dict[str, tuple[Callable[[Path], Path], list[str]]] = {
    "folder": (lambda root: folder(root), [f"{name[0]}/{name}" for name in NAMES]),
    "pattern": (lambda root: folder(root) / "*" / "?-*.png", [f"{n[0]}/{n}" for n in NAMES]),
    "any depth": (lambda root: folder(root) / "**" / "*.png", [f"{n[0]}/{n}" for n in NAMES]),
    "IDX": (lambda root: written(root / "x.idx", idx(IMAGES)), NUMBERS),
    "IDX by its bytes": (lambda root: written(root / "digits", idx(IMAGES)), NUMBERS),
    "npy": (lambda root: written(root / "x.npy", npy(IMAGES)), NUMBERS),
    "Parquet of files": (lambda root: parquet(root / "x.parquet", FILES), NUMBERS),
    "Parquet of Hugging Face": (
        lambda root: parquet(root / "x.pq", [{"bytes": file, "path": "x"} for file in FILES]),
        NUMBERS,
    ),
    "Parquet of nested lists": (
        lambda root: parquet(
            root / "x.parquet",
            pa.array(IMAGES.tolist(), pa.list_(pa.list_(pa.uint8()))),
            row_group_size=11,
        ),
        NUMBERS,
    ),
    "Parquet of tensors": (lambda root: parquet(root / "x.parquet", tensors()), NUMBERS),
    "tar": (lambda root: tar(root / "x.tar"), [f"#digits/{name}" for name in NAMES]),
}


@pytest.mark.parametrize("case", INPUTS)
def test_input_is_read_in_order_and_once(tmp_path: Path, case: str) -> None:
    make, places = INPUTS[case]
    source = make(tmp_path / "in")
    rows = scored(source, tmp_path / "out")
    names = [f"{source.name}{place}" if place.startswith("#") else place for place in places]
    assert [row["identifier"] for row in rows] == names
    assert [row["digit"] for row in rows] == LABELS
    assert {row["error"] for row in rows} == {None}
    assert len(list((tmp_path / "out").glob("*.parquet"))) >= 3


def test_one_picture(tmp_path: Path) -> None:
    (row,) = scored(DIGITS[7], tmp_path)
    assert (row["identifier"], row["digit"]) == (DIGITS[7].name, LABELS[7])


def test_files_that_are_none_are_counted(tmp_path: Path) -> None:
    assert planned(folder(tmp_path / "in"), tmp_path / "out")[0].skipped == 1


def test_members_of_a_tar_that_hold_no_picture_are_counted(tmp_path: Path) -> None:
    record, _ = planned(links(tmp_path / "in"), tmp_path / "out")
    assert (record.images, record.skipped) == (40, 3)  # the links, and a text


def test_link_to_nothing_is_counted(tmp_path: Path) -> None:
    (folder(tmp_path / "in") / "link.png").symlink_to("nowhere.png")
    record, _ = planned(tmp_path / "in", tmp_path / "out")
    assert (record.images, record.skipped) == (40, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no such names")
class TestNameThatIsNotUtf8:
    def test_in_a_tar_is_escaped(self, tmp_path: Path) -> None:
        form = tarfile.GNU_FORMAT
        with tarfile.open(tmp_path / "x.tar", "w", format=form, encoding="latin-1") as archive:
            member = tarfile.TarInfo("café.png")
            member.size = len(FILES[7])
            archive.addfile(member, io.BytesIO(FILES[7]))
        (row,) = scored(tmp_path / "x.tar", tmp_path / "out")
        assert (row["identifier"], row["digit"]) == (r"x.tar#caf\xe9.png", LABELS[7])

    def test_in_a_folder_is_told(self, tmp_path: Path) -> None:
        written(tmp_path / "in" / os.fsdecode(b"caf\xe9.png"), FILES[0])
        with pytest.raises(BulkError, match=r"caf\\xe9.png is no name in UTF-8\. Rename it"):
            planned(tmp_path / "in", tmp_path / "out")

    def test_of_the_output_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(BulkError, match="can't be opened: 'utf-8' codec can't encode"):
            planned(DIGITS[0], tmp_path / os.fsdecode(b"caf\xe9"))


def test_several_files_of_arrays_share_an_output_file(tmp_path: Path) -> None:
    for start in range(0, 40, 4):
        written(tmp_path / f"in/{start:02}.npy", npy(IMAGES[start : start + 4]))
    rows = scored(tmp_path / "in", tmp_path / "out")
    assert [row["digit"] for row in rows] == LABELS
    assert rows[5]["identifier"] == "04.npy#1"
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 3


def test_file_system_of_fsspec(tmp_path: Path) -> None:
    """A stand-in for object stores: it is read ahead, and renaming is its own."""
    memory = fsspec.filesystem("memory")
    for path in DIGITS:
        memory.pipe(f"/bulk-in/{path.name}", path.read_bytes())
    record, job = planned("memory://bulk-in", "memory://bulk-out")
    for number in range(record.shards):
        do_shard(job, number)
    names = [path for path in memory.ls("/bulk-out", detail=False) if path.endswith(".parquet")]
    tables = [pq.read_table(io.BytesIO(memory.cat(name))) for name in sorted(names)]
    assert pa.concat_tables(tables).column("digit").to_pylist() == LABELS


class TestColumns:
    def test_are_those_of_the_issue(self, tmp_path: Path) -> None:
        scored(DIGITS[0], tmp_path)
        assert str(pq.read_schema(tmp_path / "part-0000000.parquet").remove_metadata()) == (
            "identifier: string\ndigit: uint8\nconfidence: float\nis_digit: bool\n"
            "log_probabilities: fixed_size_list<element: float>[10]\n"
            "  child 0, element: float\nerror: string"
        )

    def test_can_be_chosen_and_carried_over(self, tmp_path: Path) -> None:
        source = parquet(tmp_path / "in/x.parquet", FILES, row_group_size=9)
        rows = scored(source, tmp_path / "out", columns=["digit", "label", "several_digits"])
        assert rows == [
            {"digit": label, "label": label, "several_digits": False} for label in LABELS
        ]

    def test_unknown_one_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BulkError, match=r"no column size, but identifier, digit, "):
            planned(DIGITS[0], tmp_path, columns=["digit", "size"])


def test_limit(tmp_path: Path) -> None:
    source = written(tmp_path / "in.idx", idx(IMAGES))
    rows = scored(source, tmp_path / "out", limit=19)
    assert [row["digit"] for row in rows] == LABELS[:19]


def encoded(picture: Image.Image, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


def pictures() -> dict[str, bytes]:
    """Pictures as they come: real digits on paper of many kinds, and what is no picture."""
    made: dict[str, bytes] = {}
    for number, path in enumerate(DIGITS):
        digit = Image.open(path)
        made[f"{number:02}-as-it-is.png"] = FILES[number]
        large = ImageOps.invert(digit).resize((150 + 5 * number, 200))
        made[f"{number:02}-scan.jpg"] = encoded(large, "JPEG")
        sheet = Image.new("RGB", (300, 400), (250, 240, 200))
        sheet.paste(ImageOps.invert(digit.resize((90, 90))).convert("RGB"), (60 + number, 120))
        made[f"{number:02}-sheet.webp"] = encoded(sheet, "WEBP")
    letter = Image.new("L", (40, 40))
    letter.paste(255, (5, 18, 35, 22))
    made["odd-line.png"] = encoded(letter)
    made["odd-blank.png"] = encoded(Image.new("L", (28, 28)))
    made["odd-empty.png"] = b""
    made["odd-text.png"] = b"a note that was named like a picture"
    made["odd-cut.png"] = FILES[0][:-40]
    made["odd-svg.png"] = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    return made


@pytest.mark.parametrize("preprocess", ["auto", "none"])
def test_says_what_predict_says(tmp_path: Path, client: TestClient, preprocess: str) -> None:
    made = pictures()
    for name, data in made.items():
        written(tmp_path / "in" / name, data)
    columns = ["identifier", "digit", "confidence", "is_digit", "several_digits", "error"]
    columns.append("log_probabilities")
    rows = scored(tmp_path / "in", tmp_path / "out", preprocess=preprocess, columns=columns)
    assert [row["identifier"] for row in rows] == sorted(made)
    for row in rows:
        data = made[row["identifier"]]
        response = client.post(f"/predict?preprocess={preprocess}", content=data)
        answer = response.json()
        if response.status_code == 200:
            assert row["error"] is None
            for name in ("digit", "is_digit", "several_digits"):
                assert row[name] == answer[name], row["identifier"]
            for name in ("confidence", "log_probabilities"):
                assert row[name] == pytest.approx(answer[name], abs=1e-4)
        elif data:  # an empty body is another mistake than an empty file
            assert row["error"] == f"{answer['type'].rpartition(':')[2]}: {answer['detail']}"
        else:
            assert row["error"].startswith("empty-file: ")
        assert (row["digit"] is None) == (row["error"] is not None)


@pytest.mark.parametrize("preprocess", ["auto", "none"])
def test_array_says_what_batch_says(tmp_path: Path, client: TestClient, preprocess: str) -> None:
    moved = np.roll(np.concatenate([IMAGES, np.zeros((1, 28, 28), np.uint8)]), 2, axis=2)
    source = written(tmp_path / "in.idx", idx(moved))
    rows = scored(source, tmp_path / "out", preprocess=preprocess)
    url = f"/predict/batch?preprocess={preprocess}"
    answers = client.post(url, content=idx(moved)).json()["answers"]
    assert [row["digit"] for row in rows] == [one.get("digit") for one in answers]
    assert [row["is_digit"] for row in rows] == [one.get("is_digit") for one in answers]
    assert rows[-1]["error"].startswith("blank-picture: ")
    for row, one in zip(rows[:-1], answers[:-1], strict=True):
        assert row["log_probabilities"] == pytest.approx(one["log_probabilities"], abs=1e-4)


class TestBadImages:
    def test_picture_that_is_gone_gets_an_error(self, tmp_path: Path) -> None:
        source = folder(tmp_path / "in")
        record, job = planned(source, tmp_path / "out")
        (source / "0" / DIGITS[0].name).unlink()
        for number in range(record.shards):
            do_shard(job, number)
        rows = rows_of(tmp_path / "out")
        assert rows[0]["error"].startswith("unreadable: ")
        assert [row["digit"] for row in rows[1:]] == LABELS[1:]

    def test_bad_cells_of_parquet_get_an_error(self, tmp_path: Path) -> None:
        images = IMAGES.tolist()
        images[3], images[20], images[30] = None, [[1, 2], [3, 4]], [[1, 2], [3]]
        source = parquet(tmp_path / "in.parquet", pa.array(images, pa.list_(pa.list_(pa.uint8()))))
        rows = scored(source, tmp_path / "out")
        assert {number: row["error"] for number, row in enumerate(rows) if row["error"]} == {
            3: "no-image: The cell is null.",
            20: "not-28-by-28: The cell's shape is [2, 2], not [28, 28].",
            30: "not-28-by-28: The cell is not a full array [28, 28].",
        }
        assert [row["digit"] for row in rows] == [
            None if number in (3, 20, 30) else label for number, label in enumerate(LABELS)
        ]

    def test_null_file_of_parquet_gets_an_error(self, tmp_path: Path) -> None:
        rows = scored(parquet(tmp_path / "x.parquet", [None, *FILES[1:]]), tmp_path / "out")
        assert rows[0]["error"] == "no-image: The cell is null."
        assert [row["digit"] for row in rows[1:]] == LABELS[1:]

    def test_all_of_them_bad(self, tmp_path: Path) -> None:
        rows = scored(written(tmp_path / "in/x.png", b"no"), tmp_path / "out")
        assert [row["digit"] for row in rows] == [None]


def mixed(root: Path) -> Path:
    folder(root)
    written(root / "x.npy", npy(IMAGES))
    return root


def long_number() -> bytes:
    """An .npy file that promises more images than Python writes digits."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': (0x{'f' * 3900}, 28, 28)}}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def damaged(root: Path, damage: Callable[[bytes], bytes]) -> Path:
    path = tar(root / "x.tar")
    return written(path, damage(path.read_bytes()))


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "not there": (lambda root: root / "missing", "There is no .*missing"),
    "no match": (lambda root: folder(root) / "*.jpeg", "holds nothing that can be read"),
    "nothing": (lambda root: written(root / "a.txt", b"a").parent, "holds nothing"),
    "mixed": (mixed, r"x\.npy is array, 9/9-\d+\.png is picture"),
    "labels": (lambda r: written(r / "l.idx", b"\0\0\x08\x01\0\0\0\x01\7"), "3 dimensions"),
    "cut IDX": (lambda r: written(r / "l.idx", idx(IMAGES)[:-1]), "promises 40 images"),
    "gzip": (lambda r: written(r / "x.gz", b"\x1f\x8b\x08"), r"compressed \(gzip\)"),
    "no Parquet": (lambda r: written(r / "x.parquet", b"PAR1 no"), r"x\.parquet: "),
    "no image": (lambda r: parquet(r / "x.parquet", LABELS), "No column can hold images"),
    "empty array": (lambda r: written(r / "x.npy", b""), r"x\.npy is empty"),
    "too long a number": (lambda r: written(r / "x.npy", long_number()), "header can't be read"),
    "no tar": (lambda r: written(r / "x.tar", b"no tar at all"), r"x\.tar: "),
    "tar with a bad header": (
        lambda r: damaged(r, lambda data: data[:5130] + b"\xff" + data[5131:]),
        r"x\.tar: after byte 5,120 it is damaged, or another archive is appended",
    ),
    "tar cut in a header": (
        lambda r: damaged(r, lambda data: data[:5320]),
        r"x\.tar: it breaks off at byte 5,320, without its end",
    ),
    "tar cut between members": (
        lambda r: damaged(r, lambda data: data[:5120]),
        r"x\.tar: it breaks off at byte 5,120, without its end",
    ),
    "tar cut in a member": (
        lambda r: damaged(r, lambda data: data[:5700]),
        r"x\.tar: unexpected end of data",
    ),
    "two tars in one": (
        lambda r: damaged(r, lambda data: 2 * data),
        r"x\.tar: after byte 41,984 it is damaged, or another archive is appended",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_input_that_can_not_be_read_is_told(tmp_path: Path, case: str) -> None:
    make, words = WRONG[case]
    with pytest.raises(BulkError, match=words):
        planned(make(tmp_path / "in"), tmp_path / "out")


@pytest.mark.parametrize(
    "module", ["app", "app.__main__", "app.application", "app.server.shortcut"]
)
def test_service_imports_nothing_of_this(module: str) -> None:
    code = f"import sys, {module}; assert not {{'ray', 'pyarrow', 'app.bulk'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
