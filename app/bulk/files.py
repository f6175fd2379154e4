"""Files wherever they are: this machine, object stores, whatever pyarrow or fsspec reads."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from functools import cache

import fsspec
import pyarrow as pa
from pyarrow import fs

from app.bulk.errors import BulkError

MAGIC = frozenset("*?[")
"""Characters that make a path a pattern."""


@cache
def resolve(location: str) -> tuple[fs.FileSystem, str]:
    """The file system of a path or URI, and the path in it.

    Raises:
        BulkError: nothing that is installed reads such a URI, or the path is not UTF-8.
    """
    try:
        location.encode()
        if "://" not in location:
            return fs.LocalFileSystem(), os.path.abspath(location)
        try:
            filesystem, path = fs.FileSystem.from_uri(location)
        except pa.ArrowInvalid:  # a scheme that pyarrow leaves to others
            other, path = fsspec.core.url_to_fs(location)
            filesystem = fs.PyFileSystem(fs.FSSpecHandler(other))
    except (ImportError, OSError, ValueError, pa.ArrowException) as exc:
        what = str(exc).partition("\n")[0]  # without all the places where it was looked for
        raise BulkError(f"{location} can't be opened: {what}") from exc
    return filesystem, path.rstrip("/")


def escaped(name: str) -> str:
    r"""A name as UTF-8: bytes of it that are none stand as ``\xe9``."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def split_pattern(location: str) -> tuple[str, str | None]:
    """A path or URI and the pattern below it: ``a/*/b.png`` is ``a`` and ``*/b.png``."""
    parts = location.split("/")
    for index, part in enumerate(parts):
        if MAGIC & set(part):
            return "/".join(parts[:index]) or ("/" if index else "."), "/".join(parts[index:])
    return location, None


def matches(path: str, pattern: str) -> bool:
    """Whether a relative path goes with a pattern; ``**`` stands for any number of folders."""
    return _matches(path.split("/"), pattern.split("/"))


def _matches(path: list[str], pattern: list[str]) -> bool:
    if not pattern or not path:
        return not path and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _matches(path, pattern[1:]) or _matches(path[1:], pattern)
    return fnmatch.fnmatchcase(path[0], pattern[0]) and _matches(path[1:], pattern[1:])


def walk(filesystem: fs.FileSystem, directory: str) -> Iterator[fs.FileInfo]:
    """All files below a directory in the order of their names, folder by folder.

    Only the names of the folders on the way are held in memory. What is hidden (``.x``) and the
    folders in which programs keep their own things (``_x``) are passed over. Links to nothing come
    along, as files of the type ``NotFound``.

    Raises:
        BulkError: a name is not UTF-8.
    """
    try:
        entries = sorted(_listed(filesystem, directory), key=lambda entry: entry.base_name)
    except UnicodeEncodeError as exc:
        raise BulkError(
            f"{escaped(exc.object)} is no name in UTF-8. Rename it, or pack its folder into a tar."
        ) from exc
    for entry in entries:
        if entry.base_name.startswith("."):
            continue
        if entry.type in (fs.FileType.File, fs.FileType.NotFound):
            yield entry
        elif entry.type == fs.FileType.Directory and not entry.base_name.startswith("_"):
            yield from walk(filesystem, entry.path)


def _listed(filesystem: fs.FileSystem, directory: str) -> list[fs.FileInfo]:
    what: fs.FileSelector | list[str] = fs.FileSelector(directory)
    if isinstance(filesystem, fs.LocalFileSystem):  # whose selector passes over links to nothing
        what = [f"{directory}/{name}" for name in os.listdir(directory)]
    entries: list[fs.FileInfo] = filesystem.get_file_info(what)
    return entries
