"""Tensors of the Open Inference Protocol: JSON, or bytes behind the JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.preprocessing import SIDE
from app.problems import InvalidTensor

MOST_NUMBERS_IN_JSON = 4 * 1024 * 1024
"""In a body or an answer; of a body each takes up to forty bytes, as an object of Python."""


def split_body(body: bytes, json_length: str | None) -> tuple[dict[str, Any], memoryview]:
    """The request's JSON, and the bytes of tensors behind it.

    Args:
        json_length: value of the header ``Inference-Header-Content-Length``; None if all is JSON.

    Raises:
        InvalidTensor: the length or the JSON can't be.
    """
    length = len(body)
    if json_length is not None:
        most = len(str(len(body)))  # digits; of thousands int() makes no number
        if not (json_length.isdecimal() and len(json_length) <= most) or int(json_length) > length:
            raise InvalidTensor("Inference-Header-Content-Length is no length of the body's JSON.")
        length = int(json_length)
    if body.count(b",", 0, length) > MOST_NUMBERS_IN_JSON:
        raise InvalidTensor("This is too much for JSON; send the tensor as bytes.")
    try:
        header = orjson.loads(memoryview(body)[:length])
    except orjson.JSONDecodeError as exc:
        raise InvalidTensor(f"The JSON can't be read: {exc}.") from exc
    if not isinstance(header, dict):
        raise InvalidTensor("The JSON is not an object.")
    if not isinstance(header.get("id", ""), str):
        raise InvalidTensor("The id is not a string.")
    return header, memoryview(body)[length:]


def parameters_of(thing: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a request, an input or an output; empty if it has none."""
    parameters = thing.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InvalidTensor("Parameters are not an object.")
    return parameters


def read_images(header: dict[str, Any], tensors: memoryview) -> NDArray[np.uint8]:
    """The request's input, uint8 ``[N, 28, 28]``, N ≥ 1.

    Raises:
        InvalidTensor: it is another, or its data don't go with its shape.
    """
    inputs = header.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise InvalidTensor("Send one input, images.")
    tensor = inputs[0]
    if tensor.get("name") != "images":
        raise InvalidTensor(f"There is no input {tensor.get('name')!r}; send images.")
    if tensor.get("datatype") != "UINT8":
        raise InvalidTensor(f"The datatype of images is UINT8, not {tensor.get('datatype')!r}.")
    shape = tensor.get("shape")
    if (
        not isinstance(shape, list)
        or len(shape) != 3
        or not all(type(side) is int for side in shape)
        or shape[1:] != [SIDE, SIDE]
        or shape[0] < 1
    ):
        raise InvalidTensor(f"The shape of images is [N, {SIDE}, {SIDE}], not {shape!r}.")
    size = parameters_of(tensor).get("binary_data_size")
    if size is None:
        pixels = _from_json(tensor.get("data"))
    elif size == len(tensors):
        pixels = np.frombuffer(tensors, np.uint8)
    else:
        raise InvalidTensor(
            f"binary_data_size is {size!r}, but {len(tensors):,} bytes follow the JSON."
        )
    if pixels.size != math.prod(shape):
        raise InvalidTensor(f"{pixels.size:,} values are not those of the shape {shape}.")
    return pixels.reshape(shape)


def _from_json(data: Any) -> NDArray[np.uint8]:
    """The values, flat or nested."""
    try:
        values = np.array(data)
    except ValueError as exc:
        raise InvalidTensor("The rows of data differ in length.") from exc
    if values.dtype.kind not in "iu" or values.size == 0 or values.min() < 0 or values.max() > 255:
        raise InvalidTensor("The data are not numbers from 0 to 255.")
    return values.astype(np.uint8).ravel()
