"""A wider network teaches ours: it says of every distorted image how sure one can be of it.

A label says that an image is a 4. The teacher says that this one, turned as it is, is a 4 with 90 %
and a 9 with 10 %: more to learn from in each image. Source: Hinton, Vinyals and Dean 2015
(https://arxiv.org/abs/1503.02531), at temperature 1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.device import Device
from training.variants import Variant

WIDE = Variant(blocks=((32, 32), (64, 64), (128, 128)), transition=0, pools=(2, 4), norm="before")
"""The teacher: 288,160 parameters; two 3×3 convolutions a block, no transitions."""


class TeacherError(Exception):
    """The file to take a teacher from is missing, damaged or holds another network."""


@dataclass(frozen=True)
class Teacher:
    """A trained network whose probabilities are learned from.

    Attributes:
        network: in evaluation mode, on the device of the training.
        sha256: of the file that it came from.
    """

    network: nn.Module
    sha256: str

    @torch.no_grad()
    def probabilities(self, images: Tensor, device: Device) -> Tensor:
        """What it says of images ``[N, 28, 28]`` of 0..255: float32 ``[N, 10]``."""
        with device.autocast():
            log_probabilities: Tensor = self.network(images)
        return log_probabilities.float().exp()


def load_teacher(path: Path, device: Device) -> Teacher:
    """The teacher in ``network.pt`` of a run of the recipe ``teacher``.

    Raises:
        TeacherError: there is no such file, or it does not hold such a network.
    """
    network = WIDE.build()
    try:
        content = path.read_bytes()
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except OSError as exc:
        raise TeacherError(f"{path} can't be read: {exc.strerror}") from exc
    except Exception as exc:  # torch.load names no error type for a damaged file
        raise TeacherError(f"{path} holds no teacher: {str(exc).splitlines()[0]}") from exc
    moved = network.eval().to(device.torch_device, memory_format=device.memory_format)  # type: ignore[call-overload]
    return Teacher(moved, hashlib.sha256(content).hexdigest())


def mixed_loss(
    log_probabilities: Tensor, labels: Tensor, taught: Tensor | None, share: float
) -> Tensor:
    """Mean cross-entropy, in nats, with the labels and, for a share, with what was taught.

    Args:
        log_probabilities: of the network that learns, float32 ``[N, 10]``.
        labels: int64 ``[N]``.
        taught: the teacher's probabilities, float32 ``[N, 10]``; None counts the labels alone.
        share: of the loss that is the teacher's, 0..1.
    """
    loss = F.nll_loss(log_probabilities, labels)
    if taught is None:
        return loss
    soft = -(taught * log_probabilities).sum(dim=1).mean()
    return (1 - share) * loss + share * soft
