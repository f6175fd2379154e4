"""What is done faster for the usual case gives what is done for every case."""

import io
import zlib

import numpy as np
import pytest
from conftest import DIGITS
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps
from python_multipart.multipart import parse_options_header

from app.decoding import _simple_png
from app.preprocessing import FULL_INK, OFF_CENTRE, SIDE, _mnist_like
from app.problems import MalformedForm, TooManyFiles
from app.uploads import form_boundary, only_part, parse_form

PNG = DIGITS[0].read_bytes()
LIMIT = 50_000_000


def with_changes(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(data)] = value
    return bytes(changed)


def by_pillow(data: bytes) -> np.ndarray:
    """The pixels as Pillow's own reader gives them; raises what it raises."""
    image = Image.open(io.BytesIO(data), formats=["PNG"])
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    assert image.mode == "L"
    return np.asarray(image)


class TestSimplePng:
    @pytest.mark.parametrize("path", DIGITS, ids=lambda path: path.stem)
    def test_reads_the_committed_digits(self, path: object) -> None:
        picture = _simple_png(path.read_bytes(), LIMIT)
        assert np.array_equal(picture, by_pillow(path.read_bytes()))

    @given(arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90))), st.integers(0, 9))
    def test_reads_any_grey_picture(self, pixels: np.ndarray, level: int) -> None:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=level)
        assert np.array_equal(_simple_png(buffer.getvalue(), LIMIT), pixels)

    changes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3)

    @given(changes)
    def test_reads_damaged_files_as_pillow_does_or_not_at_all(self, changes: list) -> None:
        data = with_changes(PNG, changes)
        picture = _simple_png(data, LIMIT)
        if picture is not None:
            assert np.array_equal(picture, by_pillow(data))

    @pytest.mark.parametrize("mode", ["1", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_leaves_other_modes_to_pillow(self, mode: str) -> None:
        buffer = io.BytesIO()
        Image.new(mode, (28, 28)).save(buffer, "PNG")
        assert _simple_png(buffer.getvalue(), LIMIT) is None

    def test_leaves_metadata_to_pillow(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        buffer = io.BytesIO()
        Image.new("L", (28, 28)).save(buffer, "PNG", exif=exif)
        assert _simple_png(buffer.getvalue(), LIMIT) is None

    def test_leaves_many_pixels_to_a_thread(self) -> None:
        buffer = io.BytesIO()
        Image.new("L", (129, 128)).save(buffer, "PNG")
        assert _simple_png(buffer.getvalue(), LIMIT) is None

    def test_pixels_that_end_early_are_what_they_are_to_pillow(self) -> None:
        rows = zlib.compress(bytes(29 * 20))
        head = PNG[:33]
        chunk = b"IDAT" + rows
        data = head + len(rows).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        data += PNG[-12:]
        assert np.array_equal(_simple_png(data, LIMIT), by_pillow(data))


def mnist_like_by_numpy(pixels: np.ndarray) -> bool:
    """The rule of ``_mnist_like`` in the plainest form."""
    if pixels.max() < FULL_INK:
        return False
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if max(np.ptp(rows), np.ptp(columns)) + 1 not in (19, 20):
        return False
    positions = np.arange(SIDE)
    centres = [(pixels.sum(axis) * positions).sum() / pixels.sum() for axis in (0, 1)]
    return max(abs(centre - 14) for centre in centres) <= OFF_CENTRE


class TestMnistLike:
    @given(
        arrays(np.uint8, (20, 20), fill=st.just(0)),
        st.integers(0, 8),
        st.integers(0, 8),
        st.integers(0, 255),
    )
    def test_follows_the_plain_rule(self, ink: np.ndarray, x: int, y: int, value: int) -> None:
        pixels = np.zeros((SIDE, SIDE), np.uint8)
        pixels[y : y + 20, x : x + 20] = ink
        pixels[y, x] = pixels[y + 19, x + 19] = value
        prepared = _mnist_like(Image.fromarray(pixels))
        assert (prepared is not None) == mnist_like_by_numpy(pixels)
        if prepared is not None:
            assert np.array_equal(prepared.image, pixels)

    def test_takes_all_of_mnist(self, mnist_root: object) -> None:
        raw = mnist_root / "MNIST/raw"
        for name in ("train", "t10k"):
            images = np.fromfile(raw / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
            for pixels in images.reshape(-1, SIDE, SIDE):
                prepared = _mnist_like(Image.fromarray(pixels))
                assert prepared is not None
                rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
                left, top, right, bottom = prepared.bounding_box
                assert (left, top) == (columns[0], rows[0])
                assert (right, bottom) == (columns[-1] + 1, rows[-1] + 1)


def whole_form(data: bytes, boundary: bytes, filename: str, header: str) -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\n{header}\r\n'
    return b"--" + boundary + b"\r\n" + head.encode() + data + b"\r\n--" + boundary + b"--\r\n"


PIECES = st.lists(
    st.sampled_from(
        [b"\r\n", b"--", b"b", b"--b", b"\r\n--b", b"\r", b"-", b"\x89PNG", b"\r\n\r\n"]
    )
    | st.binary(max_size=6),
    max_size=8,
).map(b"".join)


class TestForms:
    @given(PIECES, st.sampled_from(["a.png", "", 'a"b', "ü.png", "a;b"]))
    def test_only_part_is_what_the_parser_finds_or_nothing(self, data: bytes, name: str) -> None:
        body = whole_form(data, b"b", name, "Content-Type: image/png\r\n")
        found = only_part(body, b"b")
        if found is not None:
            assert [found] == [
                bytes(part.data) for part in parse_form(body, b"b", 100, TooManyFiles)
            ]

    @given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
    def test_of_a_damaged_form_too(self, changes: list[tuple[int, int]]) -> None:
        body = with_changes(whole_form(b"12345678", b"b", "a", "Content-Type: a/b\r\n"), changes)
        found = only_part(body, b"b")
        if found is not None:
            parts = parse_form(body, b"b", 100, TooManyFiles)
            assert [("file", found)] == [(part.name, bytes(part.data)) for part in parts]

    @pytest.mark.parametrize(
        "form",
        [
            pytest.param(whole_form(b"data", b"b", "a.png", ""), id="as Python's clients"),
            pytest.param(
                whole_form(b"data", b"b", "a b.png", "Content-Type: image/png\r\n"), id="as curl"
            ),
            pytest.param(whole_form(b"data", b"b", "a", "")[:-2], id="without last line break"),
        ],
    )
    def test_usual_form_is_read(self, form: bytes) -> None:
        assert only_part(form, b"b") == b"data"

    boundaries = st.text(st.characters(codec="latin-1"), max_size=12)

    @given(boundaries, st.sampled_from(["{}", '"{}"', "{}; charset=utf-8"]))
    def test_boundary_is_the_one_that_the_parser_finds(self, text: str, manner: str) -> None:
        header = f"multipart/form-data; boundary={manner.format(text)}".encode("latin-1")
        expected = parse_options_header(header)[1].get(b"boundary")
        if expected:
            assert form_boundary(header) == expected
        else:
            with pytest.raises(MalformedForm):
                form_boundary(header)

    @pytest.mark.parametrize("header", [b"", b"image/png", b"multipart/mixed; boundary=b"])
    def test_other_content_types_have_none(self, header: bytes) -> None:
        assert form_boundary(header) is None
