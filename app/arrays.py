"""Arrays of digits in one body: IDX as MNIST comes, NumPy's ``.npy``, or the bare pixels.

Told apart by their first bytes; bare pixels can't begin like one of the other two. Nothing is
allocated by what a header says: the images are a view of the body, made only if the product of the
header's dimensions is the number of bytes that really came.
"""

from __future__ import annotations

import ast
import struct

import numpy as np
from numpy.typing import NDArray

from app.preprocessing import SIDE
from app.problems import MalformedArray, NotABatch, TooManyImages

IDX_TYPES = b"\x08\x09\x0b\x0c\x0d\x0e"
IDX_IMAGES = b"\0\0\x08\x03"
"""First bytes of an IDX file of unsigned bytes in three dimensions."""
NPY_START = b"\x93NUMPY"
PIXELS = SIDE * SIDE
LARGEST_NPY_HEADER = 4096
LARGEST_HEADER = 12 + LARGEST_NPY_HEADER
"""Bytes at the beginning of a file that say all of it."""

WANTED = f"uint8 [N, {SIDE}, {SIDE}]"
WAYS = f"Send {WANTED} as IDX, as .npy or as bare bytes, or a form with parts named file."


def read_images(body: bytes | bytearray, limit: int) -> NDArray[np.uint8]:
    """The images in a body, uint8 ``[N, 28, 28]``, a read-only view of it.

    Args:
        body: IDX, ``.npy``, or N · 784 bytes.
        limit: images accepted.

    Raises:
        MalformedArray: a header that can't be, or that doesn't go with the number of bytes.
        NotABatch: another kind of array, or none.
        TooManyImages: as its name says.
    """
    count, start = read_header(body, len(body))
    if count > limit:
        raise TooManyImages(f"The {count:,} images are too many; send at most {limit:,} at once.")
    return np.frombuffer(body, np.uint8, offset=start).reshape(count, SIDE, SIDE)


def read_header(body: bytes | bytearray, size: int) -> tuple[int, int]:
    """Number of images in a body or file, and the byte at which they begin.

    Args:
        body: all of it, or its first ``LARGEST_HEADER`` bytes.
        size: bytes of all of it.

    Raises:
        MalformedArray, NotABatch: see :func:`read_images`.
    """
    if body.startswith(NPY_START):
        count, start = _read_npy_header(body)
    elif body.startswith(IDX_IMAGES):
        count, start = _read_idx_header(body)
    elif size % PIXELS == 0:
        count, start = size // PIXELS, 0
    elif size > 3 and body.startswith(b"\0\0") and body[2] in IDX_TYPES:
        raise NotABatch(f"This IDX file does not hold unsigned bytes in 3 dimensions. {WAYS}")
    else:
        raise NotABatch(
            f"The {size:,} bytes are neither IDX nor .npy, nor a multiple of {PIXELS}. {WAYS}"
        )
    if start + count * PIXELS != size:
        raise MalformedArray(
            f"The header promises {count:,} images of {PIXELS} bytes each; "
            f"{size - start:,} bytes follow it."
        )
    return count, start


def _read_idx_header(body: bytes | bytearray) -> tuple[int, int]:
    """Number of images, and where they begin."""
    if len(body) < 16:
        raise MalformedArray("The IDX file breaks off inside its header.")
    count, height, width = struct.unpack_from(">III", body, 4)
    if (height, width) != (SIDE, SIDE):
        raise NotABatch(f"The IDX file's images have {width} × {height} pixels. {WAYS}")
    return count, 16


def _read_npy_header(body: bytes | bytearray) -> tuple[int, int]:
    """Number of images, and where they begin (format: ``numpy.lib.format``)."""
    size_bytes = {1: 2, 2: 4, 3: 4}.get(body[6] if len(body) > 6 else 0)
    if size_bytes is None:
        raise MalformedArray("The .npy file is of an unknown version, or breaks off.")
    start = 8 + size_bytes
    length = int.from_bytes(body[8:start], "little")
    if length > LARGEST_NPY_HEADER or start + length > len(body):
        raise MalformedArray("The .npy file breaks off inside its header, or its header is none.")
    try:
        header = ast.literal_eval(body[start : start + length].decode("latin-1").strip())
        dtype, in_c_order, shape = header["descr"], not header["fortran_order"], header["shape"]
        count, *rest = shape
        found = f"{dtype} {shape}"  # Python refuses to write numbers of thousands of digits
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as exc:
        raise MalformedArray("The .npy file's header can't be read.") from exc
    if dtype not in ("|u1", "u1") or rest != [SIDE, SIDE] or not in_c_order:
        order = "" if in_c_order else " in Fortran's order"
        raise NotABatch(f"The .npy file holds {found}{order}. {WAYS}")
    if type(count) is not int or count < 0:
        raise MalformedArray(f"The .npy file's header promises {count} images.")
    return count, start + length
