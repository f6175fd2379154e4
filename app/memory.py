"""What a worker does with memory that it no longer needs."""

from __future__ import annotations

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE = 4 * 1024 * 1024
"""Bytes from which on a block has pages of its own; bodies of batches and photos' pixels do."""
KEPT = 4 * 1024 * 1024
"""Bytes free at the heap's end that are kept: the planes of a picture, which are 400 pixels a side
at most. With 1 MB, getting them again took a quarter of the time for such a picture; 8 MB stay in a
worker's memory after a batch."""


def give_back_large_blocks() -> None:
    """Have glibc return large blocks to the system as soon as they are freed.

    Left alone, it takes the first large block that is freed for a sign that more will come, and
    from then on keeps their memory: mallopt(3), "M_MMAP_THRESHOLD". Setting one threshold freezes
    the other, so both are set. The engine is not concerned: it has an arena of its own.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


def collect_garbage_seldom() -> None:
    """Leave what the start has made out of the search for garbage, and search less often.

    Requests leave no cycles, so there is next to nothing to find.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
