"""Bytes to picture: only the accepted formats, only as many pixels as allowed."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

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
        ImageOps.exif_transpose(image, in_place=True)
    except Exception as exc:  # Pillow's decoders raise what they stumble on, of any type
        raise _damaged(exc) from exc
    return image


def decode_image(data: bytes, max_pixels: int) -> Image.Image:
    """Decode the first frame of an image file; see :func:`open_image` and :func:`load_image`."""
    return load_image(open_image(data, max_pixels))


def _damaged(exc: Exception) -> DamagedImage:
    return DamagedImage(
        f"The file starts like an image but can't be decoded ({exc}). Send it whole."
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
