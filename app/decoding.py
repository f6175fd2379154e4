"""Bytes to picture: only the accepted formats, only as many pixels as allowed."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from app.problems import (
    ACCEPTED,
    DamagedImage,
    EmptyFile,
    NotAnImage,
    Problem,
    TooManyPixels,
    UnsupportedFormat,
)

Image.MAX_IMAGE_PIXELS = None  # decode_image has its own limit, checked before decoding

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")

# Pillow knows the other four from the start; for one that it doesn't it would load every plugin.
_ = TiffImagePlugin, WebPImagePlugin

SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"GIF8", b"II*\0", b"MM\0*")
"""First bytes of the accepted formats."""

OTHER_FORMATS = {
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"<svg": "SVG",
    b"<?xml": "SVG or another XML",
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\x1f\x8b": "gzip",
    b"PK\3\4": "ZIP",
}
"""First bytes of formats that people do send, for an error that names them."""


def open_image(data: bytes, max_pixels: int) -> Image.Image:
    """Read an image file's header; the pixels are left to :func:`load_image`.

    Args:
        data: the file.
        max_pixels: width times height allowed.

    Raises:
        EmptyFile, NotAnImage, UnsupportedFormat, TooManyPixels, DamagedImage: as their names say.
    """
    if not data:
        raise EmptyFile(f"The file has no bytes. Send a {ACCEPTED} image.")
    image = _simple_png(data, max_pixels)
    if image is not None:
        return image
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as exc:
        raise _unidentified(data) from exc
    except Exception as exc:  # Pillow's parsers raise what they stumble on, of any type
        raise _damaged(exc) from exc
    if image.width * image.height > max_pixels:
        raise TooManyPixels(
            f"The picture has {image.width} × {image.height} pixels; "
            f"at most {max_pixels:,} are accepted. Send it smaller."
        )
    return image


def load_image(image: Image.Image) -> Image.Image:
    """Decode the first frame of an opened image and turn it upright by its EXIF orientation.

    Raises:
        DamagedImage: it breaks off, or its pixels or its metadata can't be read.
    """
    try:
        image.load()
        if image.info or isinstance(image, TiffImagePlugin.TiffImageFile):  # where EXIF may be
            ImageOps.exif_transpose(image, in_place=True)
    except Exception as exc:  # Pillow's decoders raise what they stumble on, of any type
        raise _damaged(exc) from exc
    if image.mode == "P" and image.palette is None:
        raise _damaged("its palette is missing")
    return image


_PNG_START = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR")
_PNG_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))
_PNG_HEAD = struct.Struct(">16s II 5s I I4s")
_GREY_NOT_INTERLACED = bytes([8, 0, 0, 0, 0])
_SIMPLE_PIXELS = 128 * 128


def _simple_png(data: bytes, max_pixels: int) -> Image.Image | None:
    """A small PNG of 8-bit grey with nothing but its pixels; None for others and damaged ones.

    Pillow reads the chunks of a PNG in Python, which takes longer than all that it does with the
    pixels of a small one. Here its decoder gets them at once.
    """
    if not data.startswith(_PNG_START) or not data.endswith(_PNG_END) or len(data) < 57:
        return None
    _, width, height, form, checksum, length, kind = _PNG_HEAD.unpack_from(data)
    if (
        form != _GREY_NOT_INTERLACED
        or kind != b"IDAT"
        or length != len(data) - 57
        or not 0 < width * height <= min(max_pixels, _SIMPLE_PIXELS)
        or zlib.crc32(data[12:29]) != checksum
    ):
        return None
    try:
        return Image.frombytes("L", (width, height), data[41:-16], "zip", "L")
    except (ValueError, OSError):
        return None


def decode_image(data: bytes, max_pixels: int) -> Image.Image:
    """Decode the first frame of an image file; see :func:`open_image` and :func:`load_image`."""
    return load_image(open_image(data, max_pixels))


def _damaged(reason: Exception | str) -> DamagedImage:
    return DamagedImage(
        f"The file starts like an image but can't be decoded ({reason}). Send it whole."
    )


def _unidentified(data: bytes) -> Problem:
    if data.startswith(SIGNATURES):
        return DamagedImage("The file breaks off before the picture begins. Send it whole.")
    start = data[:64].lstrip()
    names = [name for magic, name in OTHER_FORMATS.items() if start.startswith(magic)]
    if data[4:8] == b"ftyp":
        names = [{b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC"}.get(data[8:12], "video")]
    if names:
        return UnsupportedFormat(f"{names[0]} files are not accepted. Send a {ACCEPTED} image.")
    return NotAnImage(f"The {len(data):,} bytes are not an image. Send a {ACCEPTED} image.")
