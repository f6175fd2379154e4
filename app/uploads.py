"""Request to file: the picture's bytes, from a form or from the bare body, counted as they come.

Nothing is spooled to disk: a request holds at most its limit in memory.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.problems import ACCEPTED, MalformedForm, NoFile, Problem, TooManyBytes, TooManyFiles

FORM_OVERHEAD = 64 * 1024
"""Bytes allowed for a form's boundaries, headers and other fields."""

InThread = Callable[[Callable[[], bytes]], Awaitable[bytes]]

MOST_PARTS = 8
"""Parts allowed in a form with one picture: it, and a few fields that are ignored."""


@dataclass
class Part:
    """One part of a multipart body."""

    name: str | None = None
    filename: str | None = None
    data: bytearray = field(default_factory=bytearray)


async def read_file(request: Request, limit: int, in_thread: InThread) -> bytes:
    """The uploaded file: the form's part ``file``, or else the bare body.

    Args:
        limit: bytes accepted.
        in_thread: does what would keep the event loop: some forms of 10 MB take 0.3 s.

    Raises:
        NoFile, TooManyFiles, MalformedForm, TooManyBytes: as their names say.
    """
    boundary = form_boundary(request.headers.get("content-type", "").encode("latin-1"))
    overhead = 0 if boundary is None else FORM_OVERHEAD
    body = await read_body(request, limit + overhead, limit)
    if boundary is None or len(body) <= FORM_OVERHEAD:
        return file_of(bytes(body), boundary, limit)
    return await in_thread(partial(file_of, bytes(body), boundary, limit))


def form_boundary(content_type: bytes) -> bytes | None:
    """The boundary of a form; None if the Content-Type is not that of a form.

    Raises:
        MalformedForm: it is that of a form, without a boundary.
    """
    usual = _USUAL_FORM.fullmatch(content_type)
    if usual:
        return usual[1]
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedForm("The Content-Type names no boundary.")
    return boundary


def file_of(body: bytes, boundary: bytes | None, limit: int) -> bytes:
    """The file in a body: the form's part ``file``, or all of it where there is no form.

    Raises:
        NoFile, TooManyFiles, MalformedForm, TooManyBytes: as their names say.
    """
    if boundary is None:
        if not body:
            raise NoFile(
                f"Send a {ACCEPTED} image as the body, "
                "or as the part named file of a multipart/form-data body."
            )
        return body
    data = only_part(body, boundary)
    if data is None:
        parts = parse_form(body, boundary, MOST_PARTS, TooManyFiles)
        files = [part for part in parts if part.name == "file" or part.filename]
        if len(files) > 1:
            raise TooManyFiles(f"The form has {len(files)} files; send one.")
        if not files or files[0].name != "file":
            raise NoFile("The form has no part named file.")
        data = bytes(files[0].data)
    if len(data) > limit:
        raise too_many_bytes(limit)
    return data


_USUAL_FORM = re.compile(rb"multipart/form-data; boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})")
_USUAL_PART = re.compile(
    rb'\r\nContent-Disposition: form-data; name="file"(?:; filename="[ !#-\[\]-~]*")?\r\n'
    rb"(?:Content-Type: [ -~]+\r\n)?\r\n"
)


def only_part(body: bytes, boundary: bytes) -> bytes | None:
    """The data of a form's only part, as browsers and clients write it; None for any other form.

    What :func:`parse_form` says of such a form, in a tenth of the time.
    """
    delimiter = b"--" + boundary
    head = _USUAL_PART.match(body, len(delimiter))
    if head is None or not body.startswith(delimiter):
        return None
    end = body.find(b"\r\n" + delimiter, head.end())
    if end < 0 or body[end + 2 + len(delimiter) :] not in (b"--\r\n", b"--"):
        return None
    return body[head.end() : end]


async def read_body(request: Request, limit: int, stated_limit: int) -> bytearray:
    """The body, refused as soon as it is known to exceed the limit.

    Raises:
        TooManyBytes: by Content-Length before a byte is read, or else while reading.
    """
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_many_bytes(stated_limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_many_bytes(stated_limit)
    return body


def parse_form(body: bytes, boundary: bytes, max_parts: int, too_many: type[Problem]) -> list[Part]:
    """The parts of a whole multipart body (RFC 7578).

    Raises:
        MalformedForm: it breaks off, or is none.
        too_many: it has more parts than ``max_parts``.
    """
    parts: list[Part] = []
    name, value = bytearray(), bytearray()
    ended = False

    def part_begin() -> None:
        if len(parts) == max_parts:
            raise too_many(f"The form has too many parts; send at most {max_parts:,} at once.")
        parts.append(Part())

    def header_end() -> None:
        if name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(value))
            parts[-1].name = options.get(b"name", b"").decode("utf-8", "replace")
            parts[-1].filename = options.get(b"filename", b"").decode("utf-8", "replace")
        name.clear()
        value.clear()

    def end() -> None:
        nonlocal ended
        ended = True

    callbacks: Any = {
        "on_part_begin": part_begin,
        "on_part_data": lambda data, start, stop: parts[-1].data.extend(data[start:stop]),
        "on_header_field": lambda data, start, stop: name.extend(data[start:stop]),
        "on_header_value": lambda data, start, stop: value.extend(data[start:stop]),
        "on_header_end": header_end,
        "on_end": end,
    }
    try:
        MultipartParser(boundary, callbacks).write(body)  # a boundary may be too long
    except FormParserError as exc:
        raise MalformedForm(f"The multipart body can't be parsed: {exc}.") from exc
    if not ended:
        raise MalformedForm("The multipart body breaks off before its last boundary.")
    return parts


def too_many_bytes(limit: int) -> TooManyBytes:
    """The problem of a body or a file above the limit."""
    return TooManyBytes(f"At most {limit:,} bytes are accepted. Send a smaller file.")
