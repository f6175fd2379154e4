"""What a worker does with memory that it no longer needs."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD = -3
LARGE = 4 * 1024 * 1024
"""Bytes from which on a block has pages of its own; bodies of batches and photos' pixels do."""


def give_back_large_blocks() -> None:
    """Have glibc return large blocks to the system as soon as they are freed.

    Left alone, it takes the first large block that is freed for a sign that more will come, and
    from then on keeps their memory: mallopt(3), "M_MMAP_THRESHOLD".
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
