"""MNIST in memory: loaded by torchvision, checked file by file, split by a committed seed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.network import MNIST_MEAN, MNIST_STD
from training.torchvision_without_cuda import declare_missing_operators

DEFAULT_DIRECTORY = Path("data")
VALIDATION_IMAGES = 10_000
SPLIT_SEED = 2026
"""Decides which 10,000 of the 60,000 training images are the validation set, for good."""


@dataclass(frozen=True)
class PublishedFile:
    """Size in bytes and SHA-256 of a file of the data set as published."""

    size: int
    sha256: str


FILES = {
    "train-images-idx3-ubyte": PublishedFile(
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": PublishedFile(
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": PublishedFile(
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": PublishedFile(
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}


class DataError(Exception):
    """The data set is missing, damaged or another; the message names the file and the remedy."""


@dataclass(frozen=True)
class Digits:
    """Labelled images: ``images`` uint8 ``[N, 28, 28]``, ``labels`` int64 ``[N]``."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: Tensor) -> Digits:
        """The digits at the indices, in that order."""
        return Digits(self.images[indices], self.labels[indices])

    def join(self, others: Digits) -> Digits:
        """These digits, then the others."""
        return Digits(
            torch.cat([self.images, others.images]), torch.cat([self.labels, others.labels])
        )

    def to(self, device: torch.device) -> Digits:
        """The same digits in the memory of a device."""
        return Digits(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Mnist:
    """The 60,000 training and 10,000 test digits."""

    train: Digits
    test: Digits


def load_mnist(directory: Path | None = None) -> Mnist:
    """Load MNIST and check every file against its published size and SHA-256.

    Args:
        directory: root that holds ``MNIST/raw/``. Without it the environment variable
            ``MNIST_ROOT`` counts; without that, ``data/``, into which MNIST is downloaded if it
            is not there.

    Raises:
        DataError: a file is missing, truncated or not the published one.
    """
    from_environment = os.environ.get("MNIST_ROOT")
    given = directory or (Path(from_environment) if from_environment else None)
    root = given or DEFAULT_DIRECTORY
    declare_missing_operators()
    from torchvision.datasets import MNIST

    if given is None:
        try:
            MNIST(str(root), train=True, download=True)
        except (RuntimeError, OSError) as exc:
            raise DataError(
                f"MNIST is not in {root / 'MNIST/raw'} and could not be downloaded "
                f"({_first_line(exc)}). "
                "Point --data or MNIST_ROOT at a directory that holds MNIST/raw/."
            ) from exc
    for name in FILES:
        check_file(root / "MNIST/raw" / name)
    splits = [MNIST(str(root), train=train) for train in (True, False)]
    train, test = (Digits(split.data, split.targets) for split in splits)
    check_normalization(train)
    return Mnist(train, test)


def check_file(path: Path) -> None:
    """Raise :class:`DataError` unless the file is the published one of its name."""
    published = FILES[path.name]
    remedy = "Delete it and download MNIST again, or point --data or MNIST_ROOT at a good copy."
    if not path.is_file():
        raise DataError(
            f"{path} is missing. Point --data or MNIST_ROOT at a directory that holds MNIST/raw/, "
            "or leave both out to download MNIST into data/."
        )
    size = path.stat().st_size
    if size < published.size:
        raise DataError(f"{path} is truncated: {size:,} of {published.size:,} bytes. {remedy}")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != published.sha256:
        raise DataError(
            f"{path} is not MNIST's: its SHA-256 is {sha256[:12]}…, "
            f"not {published.sha256[:12]}…. {remedy}"
        )


def check_normalization(train: Digits) -> None:
    """Raise :class:`DataError` unless the training images have the network's mean and std."""
    std, mean = torch.std_mean(train.images.double() / 255)
    computed = (round(mean.item(), 4), round(std.item(), 4))
    if computed != (MNIST_MEAN, MNIST_STD):
        raise DataError(
            f"mean and standard deviation of the training images are {computed}, "
            f"but the network normalizes by ({MNIST_MEAN}, {MNIST_STD})."
        )


def hold_out(train: Digits, count: int = VALIDATION_IMAGES) -> tuple[Digits, Digits]:
    """Split off a fixed validation set: the rest, and ``count`` digits that are always the same."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SPLIT_SEED))
    return train.take(order[count:].sort().values), train.take(order[:count].sort().values)


def _first_line(exc: BaseException) -> str:
    return str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
