"""Lets ``import torchvision`` succeed beside a CPU build of torch.

torchvision's published Linux wheel is linked against CUDA, so beside a CPU build of torch its C++
operators do not load, and its import ends in "operator torchvision::nms does not exist". The data
sets are pure Python and need none of them: declaring the two names that the import looks up is
enough. Where the operators load, this module does nothing.
"""

from __future__ import annotations

import torch

_LIBRARY: torch.library.Library | None = None


def declare_missing_operators() -> None:
    """Declare ``nms`` and ``qnms`` if torch is a CPU build; call before importing torchvision."""
    global _LIBRARY  # torch forgets the declarations once the library object is collected
    if torch.version.cuda is not None or _LIBRARY is not None:
        return
    _LIBRARY = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        _LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
