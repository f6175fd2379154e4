"""Which arithmetic and layout train fastest here? Times one step of 128 images in each.

::

    python benchmarks/training_step.py
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

from training.device import Device, choose_device, hardware
from training.network import DigitNetwork

BATCH, WARM_UP, STEPS, ROUNDS = 128, 5, 20, 3


def seconds_per_step(device: Device) -> float:
    """Least mean time of a step (forward, backward, update) over the rounds."""
    network = DigitNetwork()
    network.to(device.torch_device, memory_format=device.memory_format)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images = torch.randint(0, 256, (BATCH, 28, 28), dtype=torch.uint8, device=device.torch_device)
    labels = torch.randint(0, 10, (BATCH,), device=device.torch_device)

    def step() -> None:
        with device.autocast():
            log_probabilities = network(images)
        optimizer.zero_grad()
        F.nll_loss(log_probabilities, labels).backward()
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        if device.torch_device.type == "cuda":
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start) / STEPS)
    return min(times)


def main() -> None:
    """Print the table; the last column is the speed relative to the first row."""
    chosen = choose_device()
    print(f"{hardware(chosen.torch_device)}, batch {BATCH}\n")
    first = None
    for bf16 in (False, True):
        for memory_format in (torch.contiguous_format, torch.channels_last):
            seconds = seconds_per_step(Device(chosen.torch_device, bf16, memory_format))
            first = first or seconds
            name = f"{'bfloat16' if bf16 else 'float32'}, {str(memory_format).split('.')[-1]}"
            print(f"{name:<28}{seconds * 1000:>8.1f} ms{first / seconds:>8.2f}×")


if __name__ == "__main__":
    main()
