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
        BulkError: nothing that is installed reads such a URI.
    """
    if "://" not in location:
        return fs.LocalFileSystem(), os.path.abspath(location)
    try:
        filesystem, path = fs.FileSystem.from_uri(location)
    except pa.ArrowInvalid:  # a scheme that pyarrow leaves to others
        try:
            other, path = fsspec.core.url_to_fs(location)
        except (ValueError, ImportError) as exc:
            raise BulkError(f"{location} can't be opened: {exc}") from exc
        filesystem = fs.PyFileSystem(fs.FSSpecHandler(other))
    return filesystem, path.rstrip("/")


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
    folders in which programs keep their own things (``_x``) are passed over.
    """
    entries = filesystem.get_file_info(fs.FileSelector(directory))
    for entry in sorted(entries, key=lambda entry: entry.base_name):
        if entry.base_name.startswith("."):
            continue
        if entry.type == fs.FileType.File:
            yield entry
        elif entry.type == fs.FileType.Directory and not entry.base_name.startswith("_"):
            yield from walk(filesystem, entry.path)
