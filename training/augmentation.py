"""Random distortions of a whole batch at once, so that no worker processes are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Affine:
    """A random affine map for every image, drawn uniformly.

    Attributes:
        rotation: greatest angle either way, degrees.
        scale: greatest relative change of height and of width, each drawn on its own.
        shift: greatest shift either way, pixels, in x and in y.
        shear: greatest horizontal shear either way, pixels a pixel.
    """

    rotation: float
    scale: float
    shift: float
    shear: float

    def __call__(self, images: Tensor, strength: float = 1.0) -> Tensor:
        """Distort images ``[N, 28, 28]`` of 0..255; returns float32 of the same shape and range.

        Args:
            strength: factor on every range; 0 changes nothing.
        """
        count, height, width = images.shape

        def uniform(greatest: float) -> Tensor:
            draws = torch.empty(count).uniform_(-greatest, greatest)
            return (draws * strength).to(images.device)

        angle = uniform(math.radians(self.rotation))
        scale_x, scale_y = 1 + uniform(self.scale), 1 + uniform(self.scale)
        shear = uniform(self.shear)
        shift_x, shift_y = uniform(2 * self.shift / width), uniform(2 * self.shift / height)
        cos, sin = angle.cos(), angle.sin()
        # rotation · shear · scale, from output to input coordinates, as affine_grid wants it
        rows = (
            torch.stack([cos * scale_x, (cos * shear - sin) * scale_y, shift_x], dim=1),
            torch.stack([sin * scale_x, (sin * shear + cos) * scale_y, shift_y], dim=1),
        )
        grid = F.affine_grid(torch.stack(rows, dim=1), [count, 1, height, width], False)
        return F.grid_sample(images.unsqueeze(1).float(), grid, align_corners=False).squeeze(1)
