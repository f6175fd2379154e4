"""Images in a column of Parquet: files as bytes, or arrays uint8 ``[28, 28]``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.arrays import PIXELS
from app.bulk.errors import BulkError
from app.preprocessing import SIDE

Item = bytes | NDArray[np.uint8] | str
"""An image file, pixels ``[28, 28]``, or what is wrong with this one."""

FORMS = f"binary (image files), struct with a field bytes, or lists of uint8 [{SIDE}, {SIDE}]"


def find_image_column(schema: pa.Schema, wanted: str | None) -> str:
    """The column that holds the images.

    Raises:
        BulkError: there is none, it can't hold images, or there are several.
    """
    candidates = [field.name for field in schema if is_file(field.type) or _is_array(field.type)]
    if wanted is not None:
        if wanted not in schema.names:
            raise BulkError(f"There is no column {wanted}, but {', '.join(schema.names)}.")
        if wanted not in candidates:
            form = schema.field(wanted).type
            raise BulkError(f"Column {wanted} is {form}. Images are {FORMS}.")
        return wanted
    if "image" in candidates or len(candidates) == 1:
        return "image" if "image" in candidates else candidates[0]
    if candidates:
        raise BulkError(f"Name one of the columns {', '.join(candidates)} by --image-column.")
    raise BulkError(f"No column can hold images, which are {FORMS}.")


def is_file(form: pa.DataType) -> bool:
    """Whether a column holds image files, bare or as Hugging Face's data sets have them."""
    if pa.types.is_struct(form):
        return form.get_field_index("bytes") >= 0 and is_file(form.field("bytes").type)
    return bool(pa.types.is_binary(form) or pa.types.is_large_binary(form))


def _is_array(form: pa.DataType) -> bool:
    if isinstance(form, pa.BaseExtensionType):
        form = form.storage_type
    if not _is_list(form):
        return False
    return bool(pa.types.is_uint8(form.value_type)) or _is_array(form.value_type)


def _is_list(form: pa.DataType) -> bool:
    kinds = pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list
    return any(is_kind(form) for is_kind in kinds)


def items_of(column: pa.Array) -> NDArray[np.uint8] | list[Item]:
    """The images in a column: uint8 ``[N, 28, 28]`` if all are such, else one by one."""
    if is_file(column.type):
        if pa.types.is_struct(column.type):
            column = column.flatten()[column.type.get_field_index("bytes")]
        return [_NOTHING if data is None else data for data in column.to_pylist()]
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    images = _dense(column)
    return [_pixels(row) for row in column.to_pylist()] if images is None else images


_NOTHING = "no-image: The cell is null."


def _dense(column: pa.Array) -> NDArray[np.uint8] | None:
    """All of a column of lists as ``[N, 28, 28]``; None unless each is that."""
    count, depth = len(column), 0
    lengths: list[int] = []
    while _is_list(column.type):
        if column.null_count:
            return None
        if pa.types.is_fixed_size_list(column.type):
            lengths.append(column.type.list_size)
        else:
            sizes = np.unique(column.value_lengths().to_numpy(zero_copy_only=False))
            if len(sizes) != 1:
                return None
            lengths.append(int(sizes[0]))
        column, depth = column.flatten(), depth + 1
    if lengths not in ([PIXELS], [SIDE, SIDE]) or column.null_count:
        return None
    pixels: NDArray[np.uint8] = column.to_numpy()
    return pixels.reshape(count, SIDE, SIDE)


def _pixels(row: Any) -> Item:
    """One cell as ``[28, 28]``, or what is wrong with it."""
    if row is None:
        return _NOTHING
    try:
        pixels = np.array(row, dtype=np.uint8)
    except (TypeError, ValueError, OverflowError):  # ragged, or with nulls
        return f"not-28-by-28: The cell is not a full array [{SIDE}, {SIDE}]."
    if pixels.shape not in ((PIXELS,), (SIDE, SIDE)):
        return f"not-28-by-28: The cell's shape is {list(pixels.shape)}, not [{SIDE}, {SIDE}]."
    return pixels.reshape(SIDE, SIDE)
