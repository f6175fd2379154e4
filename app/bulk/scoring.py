"""A batch's images to rows of the output, by the service's own preprocessing and network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from app.bulk.image_columns import Item
from app.bulk.reading import Batch
from app.decoding import decode_image
from app.picture.ink import blank
from app.pipeline import Preprocess
from app.preprocessing import SIDE, Prepared, prepare, take_as_it_is
from app.problems import Problem
from app.recognizer import Recognizer

SCHEMA = pa.schema(
    [
        ("identifier", pa.string()),
        ("digit", pa.uint8()),
        ("confidence", pa.float32()),
        ("is_digit", pa.bool_()),
        ("several_digits", pa.bool_()),
        ("log_probabilities", pa.list_(pa.float32(), 10)),
        ("error", pa.string()),
    ]
)
"""All columns there can be; where there is an error, all but it and the identifier are null."""

DEFAULT_COLUMNS = [name for name in SCHEMA.names if name != "several_digits"]


class Shown(NamedTuple):
    """What the network is shown of a batch.

    Attributes:
        images: uint8 ``[M, 28, 28]``, of those without an error.
        several: of each of them, whether there are other digits; None where nobody looked.
        errors: of each of the N, what is wrong with it; None if nothing is.
    """

    images: NDArray[np.uint8]
    several: list[bool | None]
    errors: list[str | None]


class Scorer:
    """Names digits as ``POST /predict`` does.

    Args:
        recognizer: the network.
        preprocess: ``auto`` or ``none``; None does as the service: files are prepared, arrays are
            the network's input.
        max_pixels: of a picture, width times height.
    """

    def __init__(
        self, recognizer: Recognizer, preprocess: Preprocess | None, max_pixels: int
    ) -> None:
        self._recognizer = recognizer
        self._preprocess = preprocess
        self._max_pixels = max_pixels

    def score(self, batch: Batch) -> pa.RecordBatch:
        """The rows of a batch, in order, all columns."""
        items = batch.items
        if isinstance(items, np.ndarray) and self._preprocess != "auto":
            shown = _as_they_are(items)
        else:
            shown = self._prepare_each(items)
        log_probabilities, is_digit = self._recognizer.classify_many(shown.images)
        good = pa.array([error is None for error in shown.errors])
        row = pa.array(np.cumsum(good.to_numpy(zero_copy_only=False)) - 1)
        place = pc.if_else(good, row, pa.scalar(None, row.type))
        found: dict[str, Any] = {
            "digit": log_probabilities.argmax(1).astype(np.uint8),
            "confidence": np.exp(log_probabilities.max(1)),
            "is_digit": is_digit,
            "several_digits": shown.several,
            "log_probabilities": pa.FixedSizeListArray.from_arrays(log_probabilities.ravel(), 10),
        }
        columns = {
            "identifier": pa.array(batch.identifiers),
            **{
                name: pa.array(values, SCHEMA.field(name).type).take(place)
                for name, values in found.items()
            },
            "error": pa.array(shown.errors, pa.string()),
        }
        return pa.record_batch([columns[name] for name in SCHEMA.names], schema=SCHEMA)

    def _prepare_each(self, items: Iterable[Item]) -> Shown:
        images: list[NDArray[np.uint8]] = []
        several: list[bool | None] = []
        errors: list[str | None] = []
        for item in items:
            if isinstance(item, str):
                errors.append(item)
                continue
            try:
                prepared = self._prepare(item)
            except Problem as problem:
                errors.append(_described(problem))
            except Exception as exc:  # a defect of ours; one image never stops a run
                errors.append(f"internal-server-error: {type(exc).__name__}: {exc}")
            else:
                images.append(prepared.image)
                several.append(prepared.several_digits)
                errors.append(None)
        shape = (len(images), SIDE, SIDE)
        return Shown(np.concatenate(images).reshape(shape) if images else _NONE, several, errors)

    def _prepare(self, item: bytes | NDArray[np.uint8]) -> Prepared:
        if isinstance(item, bytes):
            picture = decode_image(item, self._max_pixels)
            return take_as_it_is(picture) if self._preprocess == "none" else prepare(picture)
        picture = Image.fromarray(item)
        return prepare(picture) if self._preprocess == "auto" else take_as_it_is(picture)


_NONE = np.empty((0, SIDE, SIDE), np.uint8)


def _as_they_are(images: NDArray[np.uint8]) -> Shown:
    drawn = np.asarray(images.any(axis=(1, 2)))
    if drawn.all():
        return Shown(images, [None] * len(images), [None] * len(images))
    error = _described(blank())
    errors = [None if there else error for there in drawn.tolist()]
    return Shown(images[drawn], [None] * int(drawn.sum()), errors)


def _described(problem: Problem) -> str:
    return f"{problem.slug}: {problem.detail}"
