"""What a worker does with memory that it no longer needs."""

from __future__ import annotations

import ctypes
import gc
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE = 4 * 1024 * 1024
"""Bytes from which on a block has pages of its own; bodies of batches and photos' pixels do."""
KEPT = 8 * 1024 * 1024
"""Bytes free at the heap's end that are kept while there is work: the planes of a picture, which
are 400 pixels a side at most. With 1 MB, getting them again took a quarter of the time for one of
300 (``benchmarks/processor_time.py``)."""

_glibc: ctypes.CDLL | None = ctypes.CDLL(None) if sys.platform == "linux" else None
if not hasattr(_glibc, "mallopt"):  # another C library's
    _glibc = None


def give_back_large_blocks() -> None:
    """Have glibc return large blocks to the system as soon as they are freed.

    Left alone, it takes the first large block that is freed for a sign that more will come, and
    from then on keeps their memory: mallopt(3), "M_MMAP_THRESHOLD". Setting one threshold freezes
    the other, so both are set. The engine is not concerned: it has an arena of its own.
    """
    if _glibc is not None:
        _glibc.mallopt(M_MMAP_THRESHOLD, LARGE)
        _glibc.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back_free_memory() -> None:
    """Have glibc return all free memory to the system, also what it keeps for the next picture."""
    if _glibc is not None:
        _glibc.malloc_trim(0)


def collect_garbage_seldom() -> None:
    """Leave what the start has made out of the search for garbage, and search less often.

    Requests leave no cycles, so there is next to nothing to find.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
