"""Bytes → picture → 28×28 → prediction, at once for small pictures and in a thread for large."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

import anyio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.answers import answer, answers
from app.decoding import load_image, open_image
from app.picture.ink import blank
from app.preprocessing import Prepared, prepare, take_as_it_is
from app.problems import Busy, Problem, unexpected
from app.recognizer import Prediction, Recognizer
from app.settings import Settings

INLINE_BYTES, INLINE_PIXELS = 16 * 1024, 512 * 512
"""Smaller pictures are decoded on the event loop: that is cheaper than a hop to a thread."""

SMALL_A_TURN = 4
"""Small pictures that the route takes in a turn of the event loop, so that all else goes on."""

WAITING_PER_THREAD = 8
"""Pictures and batches that wait for a thread; they leave room for small ones to be admitted."""

NICENESS = 10
"""Of threads, on Linux: large pictures and batches hardly delay small pictures."""

Result = TypeVar("Result")
Preprocess = Literal["auto", "none"]

logger = logging.getLogger("uvicorn.error")


class Outcome(NamedTuple):
    """What became of a picture, and the seconds that it took."""

    prepared: Prepared
    prediction: Prediction
    preprocessing_seconds: float
    inference_seconds: float


class Pipeline:
    """What stands behind every route that names digits."""

    def __init__(self, settings: Settings, recognizer: Recognizer) -> None:
        self.settings = settings
        self.recognizer = recognizer
        self._few_a_turn = asyncio.Semaphore(SMALL_A_TURN)
        self._threads = anyio.CapacityLimiter(settings.decoder_threads)

    async def name_digit(self, data: bytes, preprocess: Preprocess = "auto") -> Outcome:
        """Name the digit in an image file; raises the problems of decoding and preprocessing."""
        start = time.perf_counter()
        if len(data) <= INLINE_BYTES:  # of a larger file even the header may take seconds to read
            picture = open_image(data, self.settings.max_pixels)
            if _is_small(picture):
                async with self._few_a_turn:
                    return self._finish(_prepared(picture, preprocess), time.perf_counter())
        prepared = await self.begin_in_thread(partial(self._read, data, preprocess))
        return self._finish(prepared, start)

    def refuse_if_threads_are_busy(self) -> None:
        """Raise :class:`app.problems.Busy` if too much waits for a thread to begin with more."""
        waiting = self._threads.statistics().tasks_waiting
        if waiting >= WAITING_PER_THREAD * self.settings.decoder_threads:
            raise Busy

    async def begin_in_thread(self, work: Callable[[], Result]) -> Result:
        """Do the first long work of a request; raises :class:`app.problems.Busy`."""
        self.refuse_if_threads_are_busy()
        return await self.in_thread(work)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Do long work beside the event loop, which goes first wherever the two compete."""
        return await anyio.to_thread.run_sync(_yielding, work, limiter=self._threads)

    def prepare_small(self, data: bytes) -> Prepared | None:
        """The first half of :meth:`name_digit`; None for a picture that belongs in a thread.

        Args:
            data: ``INLINE_BYTES`` or fewer.
        """
        picture = open_image(data, self.settings.max_pixels)
        return _prepared(picture, "auto") if _is_small(picture) else None

    def name_files(self, files: Sequence[bytes], preprocess: Preprocess) -> list[dict[str, Any]]:
        """The answers for image files, in order, or the problems in their places."""
        return self._name_each([partial(self._read, data, preprocess) for data in files])

    def name_pixels(self, images: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """As :meth:`name_files`, for pictures uint8 ``[N, H, W]``."""
        return self._name_each([partial(prepare, Image.fromarray(image)) for image in images])

    def name_prepared(self, images: NDArray[np.uint8]) -> list[dict[str, Any]]:
        """As :meth:`name_files`, for the network's input, uint8 ``[N, 28, 28]``."""
        found = answers(*self.recognizer.classify_many(images))
        for index in np.flatnonzero(~images.any(axis=(1, 2))):
            found[index] = blank().as_dict()
        return found

    def _read(self, data: bytes, preprocess: Preprocess) -> Prepared:
        return _prepared(open_image(data, self.settings.max_pixels), preprocess)

    def _name_each(self, steps: list[Callable[[], Prepared]]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for step in steps:
            try:
                prepared = step()
                found.append(answer(prepared, self.recognizer.predict(prepared.image)))
            except Problem as problem:
                found.append(problem.as_dict())
            except Exception:  # a defect of ours, told in the picture's place; others are answered
                logger.exception("A picture of a batch failed")
                found.append(unexpected())
        return found

    def _finish(self, prepared: Prepared, start: float) -> Outcome:
        preprocessed = time.perf_counter()
        prediction = self.recognizer.predict(prepared.image)
        inferred = time.perf_counter()
        return Outcome(prepared, prediction, preprocessed - start, inferred - preprocessed)


def _yielding(work: Callable[[], Result]) -> Result:
    if sys.platform == "linux":  # where a thread has a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    return work()


def _is_small(picture: Image.Image) -> bool:
    return picture.width * picture.height <= INLINE_PIXELS


def _prepared(picture: Image.Image, preprocess: Preprocess) -> Prepared:
    if preprocess == "none":
        return take_as_it_is(load_image(picture))
    return prepare(load_image(picture))
