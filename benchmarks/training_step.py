"""Which arithmetic and layout train fastest here? Times one step of 128 images in each.

::

    python benchmarks/training_step.py
"""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

from training.device import Device, available_cores, choose_device, hardware
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
    torch.set_num_threads(available_cores())
    plain = Device(torch.device("cpu"), bf16=False, memory_format=torch.contiguous_format)
    first = seconds_per_step(plain)
    chosen = choose_device()
    print(f"{hardware(chosen.torch_device)}, batch {BATCH}\n")
    print(f"{'float32, freed memory given back':<34}{first * 1000:>8.1f} ms{1:>8.2f}×")
    for bf16 in (False, True):
        for memory_format in (torch.contiguous_format, torch.channels_last):
            seconds = seconds_per_step(Device(chosen.torch_device, bf16, memory_format))
            name = f"{'bfloat16' if bf16 else 'float32'}, {str(memory_format).split('.')[-1]}"
            print(f"{name:<34}{seconds * 1000:>8.1f} ms{first / seconds:>8.2f}×")


if __name__ == "__main__":
    main()
