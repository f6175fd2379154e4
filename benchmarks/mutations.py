"""Requests for the fuzzer: good ones of every kind that is accepted, and ways to damage them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from load import form
from PIL import Image, ImageDraw

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    27,
    28,
    127,
    128,
    255,
    256,
    4096,
    32767,
    32768,
    65535,
    2**24,
    2**31 - 1,
)
WORDS = (b"\0", b"\xff", b"\r\n", b"--", b'"', b"IDAT", b"IEND", b"Exif\0\0", b"II*\0", b"\xff\xd8")
OTHER_TYPES = ("multipart/form-data", "multipart/form-data; boundary=x", "image/png", "", "\xff;=")
LONGEST = 200_000
"""Bytes of a mutated body: small enough that most of the time goes into trying many."""


class Input(NamedTuple):
    """A request: what kind of seed it is made of, and what is sent."""

    kind: str
    path: str
    content_type: str
    body: bytes


def drawing(mode: str, side: int = 64) -> Image.Image:
    """A 7, dark on light, with a little of all colours."""
    picture = Image.new("RGB", (side, side + 9), (250, 245, 230))
    draw = ImageDraw.Draw(picture)
    points = [(side // 4, side // 5), (3 * side // 4, side // 5), (side // 2, 5 * side // 6)]
    draw.line(points, (30, 20, 90), side // 12)
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    return picture.convert(mode)


def _files() -> Iterator[tuple[str, bytes]]:
    """Image files of all formats, in the forms that their decoders tell apart."""

    def encoded(kind: str, mode: str, side: int = 64, **options: Any) -> tuple[str, bytes]:
        buffer = io.BytesIO()
        drawing(mode, side).save(buffer, kind, **options)
        return kind, buffer.getvalue()

    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    more = [drawing("P", 40), drawing("P", 40).rotate(30)]
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield encoded("PNG", mode)
    yield encoded("PNG", "L", 28)
    yield encoded("PNG", "RGB", exif=exif, dpi=(72, 72), icc_profile=b"profile")
    yield encoded("PNG", "P", 40, save_all=True, append_images=more)
    for mode in ("L", "RGB", "CMYK"):
        yield encoded("JPEG", mode)
    yield encoded("JPEG", "RGB", progressive=True, exif=exif, comment=b"a comment")
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield encoded("BMP", mode)
    yield encoded("GIF", "P")
    yield encoded("GIF", "P", 40, save_all=True, append_images=more, loop=0, transparency=0)
    yield encoded("WEBP", "RGB", exif=exif)
    yield encoded("WEBP", "RGBA", lossless=True)
    yield encoded("WEBP", "RGBA", 40, save_all=True, append_images=more)
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"):
        yield encoded("TIFF", mode)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield encoded("TIFF", "RGB", compression=compression, exif=exif)
    yield encoded("TIFF", "1", compression="group4")


def seeds() -> list[Input]:
    """Good requests, one of each kind."""
    files = list(_files())
    found = [Input(kind, "/predict", f"image/{kind.lower()}", data) for kind, data in files]
    for kind, data in files[::4]:
        body, content_type = form(data)
        found.append(Input(f"form of {kind}", "/predict", content_type, body))
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="7"\r\n\r\n'
    whole = b"".join(part + data + b"\r\n" for _, data in files[:3]) + b"--b--\r\n"
    batch, binary = "/predict/batch", "application/octet-stream"
    found.append(Input("batch form", batch, "multipart/form-data; boundary=b", whole))
    pixels = np.stack([np.asarray(drawing("L", 28).resize((28, 28)))] * 3)
    npy = io.BytesIO()
    np.save(npy, pixels)
    idx = struct.pack(">4sIII", b"\0\0\x08\x03", *pixels.shape) + pixels.tobytes()
    found.append(Input("npy", batch, binary, npy.getvalue()))
    found.append(Input("IDX", batch, binary, idx))
    found.append(Input("bare pixels", batch, binary, pixels.tobytes()))
    return found


def mutated(seed: int, index: int, inputs: list[Input]) -> Input:
    """A damaged request: the same for the same seed and index."""
    random_ = random.Random(f"{seed}/{index}")
    chosen = random_.choice(inputs)
    body = bytearray(chosen.body)
    for _ in range(1 + int(random_.expovariate(0.7))):
        _change(random_, body, inputs)
    if body.startswith(b"\x89PNG") and random_.random() < 0.7:  # past the checksums
        _repair_png(body)
    content_type = chosen.content_type
    if random_.random() < 0.03:
        content_type = random_.choice(OTHER_TYPES)
    return chosen._replace(content_type=content_type, body=bytes(body[:LONGEST]))


def _change(random_: random.Random, body: bytearray, inputs: list[Input]) -> None:
    # Headers are where the decisions are, and at the beginning mostly.
    end = len(body) if random_.random() < 0.5 else min(len(body), 200)
    at = random_.randrange(end + 1)
    length = 1 + int(random_.expovariate(0.05))
    match random_.randrange(9):
        case 0 if at < len(body):
            body[at] ^= 1 << random_.randrange(8)
        case 1 if at < len(body):
            body[at] = random_.randrange(256)
        case 2:
            number = random_.choice(NUMBERS)
            size = random_.choice([size for size in (1, 2, 4) if number < 256**size])
            body[at : at + size] = number.to_bytes(size, random_.choice(["little", "big"]))
        case 3:
            del body[at : at + length]
        case 4:
            body[at:at] = body[at : at + length] * random_.choice([1, 1, 1, 2, 50])
        case 5:
            body[at:at] = random_.randbytes(length)
        case 6:
            del body[at:]
        case 7:
            other = random_.choice(inputs).body
            start = random_.randrange(len(other))
            body[at : at + length] = other[start : start + length]
        case _:
            word = random_.choice(WORDS)
            body[at : at + len(word)] = word


def _repair_png(body: bytearray) -> None:
    """Set the checksum of every chunk that is whole."""
    at = 8
    while at + 12 <= len(body):
        end = at + 8 + int.from_bytes(body[at : at + 4], "big")
        if end + 4 > len(body):
            return
        body[end : end + 4] = zlib.crc32(body[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
