"""What holds for every input: an answer of the promised form, or a problem that is named."""

from contextlib import suppress

import numpy as np
import pytest
from conftest import DIGITS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from app.arrays import IDX_IMAGES, NPY_START, read_images
from app.decoding import decode_image
from app.preprocessing import prepare, take_as_it_is
from app.problems import BlankPicture, NotNetworkInput, Problem

BYTES_PER_PIXEL = {"L": 1, "LA": 2, "P": 1, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3, "I;16": 2}
MODES = (*BYTES_PER_PIXEL, "1", "I", "F")
"""All that the decoders of the six formats give, and more."""


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    """A picture of any mode and shape: noise, few tones, points on paper, or chosen pixels."""
    mode = draw(st.sampled_from(MODES))
    short, long = draw(st.integers(1, 60)), draw(st.integers(1, 60) | st.integers(400, 1500))
    size = draw(st.sampled_from([(short, long), (long, short), (28, 28)]))
    if max(size) <= 12:
        grey = draw(arrays(np.uint8, size[::-1]))
    else:
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        grey = rng.integers(0, 256, size[::-1], dtype=np.uint8)
        match draw(st.integers(0, 3)):
            case 0:
                grey = grey // 86 * 86
            case 1:
                grey = np.where(grey > draw(st.integers(100, 254)), grey, draw(st.integers(0, 255)))
            case 2:
                grey = np.asarray(Image.fromarray(grey).resize(size, box=(0, 0, 1, 1)))
    image = Image.fromarray(grey.astype(np.uint8))
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode in ("I", "F"):
        scale = draw(st.sampled_from([1, -1, 1_000_000]))
        return Image.fromarray(grey.astype(np.int32 if mode == "I" else np.float32) * scale)
    return image.convert(mode)


@settings(max_examples=120, deadline=None)
@given(pictures())
def test_any_picture_is_prepared_or_blank(picture: Image.Image) -> None:
    try:
        prepared = prepare(picture)
    except BlankPicture:
        return
    assert prepared.image.shape == (28, 28)
    assert prepared.image.dtype == np.uint8
    assert prepared.image.any()
    left, top, right, bottom = prepared.bounding_box
    assert 0 <= left < right <= picture.width
    assert 0 <= top < bottom <= picture.height


@settings(max_examples=60, deadline=None)
@given(pictures())
def test_any_picture_is_taken_as_it_is_or_refused(picture: Image.Image) -> None:
    try:
        prepared = take_as_it_is(picture)
    except (NotNetworkInput, BlankPicture):
        return
    assert np.array_equal(prepared.image, np.asarray(picture.convert("L")))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, (28, 28), elements=st.floats(width=32)))
def test_any_numbers_are_prepared_or_blank(numbers: NDArray[np.float32]) -> None:
    with suppress(BlankPicture):
        assert prepare(Image.fromarray(numbers)).image.any()


STARTS = st.sampled_from(
    [b"", IDX_IMAGES, NPY_START + b"\1\0", b"BM", b"GIF89a", b"II*\0", b"\x89PNG"]
)


@settings(max_examples=300, deadline=None)
@given(STARTS, st.binary(max_size=2000))
def test_any_bytes_are_images_or_a_problem(start: bytes, rest: bytes) -> None:
    for read in (lambda data: read_images(data, 10), lambda data: decode_image(data, 10**6)):
        with suppress(Problem):
            read(start + rest)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_digit_that_breaks_off_is_a_problem(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(DIGITS)).read_bytes()
    end = data.draw(st.integers(0, len(whole) // 2))
    with pytest.raises(Problem):
        decode_image(whole[:end], 10**6)
