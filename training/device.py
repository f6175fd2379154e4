"""Where and in which arithmetic a network is trained."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Parameters of glibc's ``mallopt``, from ``malloc.h``."""


class DeviceError(Exception):
    """The device that was asked for is not there."""


@dataclass(frozen=True)
class Device:
    """A torch device and the arithmetic that is fastest on it.

    Attributes:
        torch_device: ``cuda``, ``mps`` or ``cpu``.
        bf16: run convolutions in bfloat16 (autocast); parameters and log-softmax stay float32.
        memory_format: layout of activations and weights.
    """

    torch_device: torch.device
    bf16: bool
    memory_format: torch.memory_format

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """bfloat16 for what is inside, where this device has it."""
        with torch.autocast(self.torch_device.type, torch.bfloat16, enabled=self.bf16):
            yield

    def __str__(self) -> str:
        arithmetic = "bfloat16" if self.bf16 else "float32"
        layout = ", channels last" if self.memory_format == torch.channels_last else ""
        return f"{hardware(self.torch_device)}, {arithmetic}{layout}"


def choose_device(
    name: str = "auto", precision: str = "auto", threads: int | None = None
) -> Device:
    """The best device at hand, or the one named.

    Channels-last with bfloat16 takes about half the time of plain float32 on CPUs that have
    bfloat16 instructions; elsewhere float32 is kept (``benchmarks/training_step.py`` times them).

    Args:
        name: ``auto``, ``cuda``, ``mps`` or ``cpu``.
        precision: ``auto``, ``float32`` or ``bfloat16``.
        threads: CPU threads; all cores by default.

    Raises:
        DeviceError: the device named is not there, or this torch can't use it.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there["cpu"] = True
    if name == "auto":
        name = next(each for each, found in there.items() if found)
    elif not there[name]:
        raise DeviceError(f"there is no {name} here that torch {torch.__version__} can use")
    torch.set_num_threads(threads or available_cores())
    torch_device = torch.device(name)
    if torch_device.type == "cpu":
        keep_freed_memory()
    bf16 = _has_fast_bf16(torch_device) if precision == "auto" else precision == "bfloat16"
    return Device(torch_device, bf16, torch.channels_last)


def keep_freed_memory() -> None:
    """Let glibc keep the memory that tensors free instead of giving it back to the system.

    The system clears every page that it hands out again: a fifth of the time of a training step,
    whose activations are freed and allocated anew (``benchmarks/training_step.py`` measures it).
    Other C libraries have no ``mallopt`` and are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 64 * 1024 * 1024)


def available_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _has_fast_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def hardware(device: torch.device) -> str:
    """The processor's name and, for a CPU, the number of threads used."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_processor()}, {torch.get_num_threads()} threads"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
