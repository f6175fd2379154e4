"""Random distortions of a whole batch at once, so that no worker processes are needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from training.recipes import Recipe

KNOTS = 5
"""Side of the grid whose knots an elastic distortion moves."""


@dataclass(frozen=True)
class Warp:
    """A random affine map for every image, drawn uniformly, and an elastic distortion.

    Attributes:
        rotation: greatest angle either way, degrees.
        scale: greatest relative change of height and of width, each drawn on its own.
        shift: greatest shift either way, pixels, in x and in y.
        shear: greatest horizontal shear either way, pixels a pixel.
        elastic: standard deviation, pixels, by which the knots of a 5×5 grid over the image are
            moved along each axis; what lies between them follows smoothly (after Simard et al.
            2003, https://doi.org/10.1109/ICDAR.2003.1227801).
        interpolation: of ``torch.nn.functional.grid_sample``; bilinear softens the strokes,
            bicubic leaves them as sharp as they were.
    """

    rotation: float
    scale: float
    shift: float
    shear: float
    elastic: float = 0.0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"

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
        if self.elastic:
            knots = torch.randn(count, 2, KNOTS, KNOTS).to(images.device)
            knots *= strength * self.elastic * 2 / width
            bend = F.interpolate(knots, (height, width), mode="bicubic", align_corners=True)
            grid = grid + bend.permute(0, 2, 3, 1)
        moved = F.grid_sample(
            images.unsqueeze(1).float(), grid, self.interpolation, align_corners=False
        )
        return moved.squeeze(1).clamp(0, 255)  # bicubic overshoots


@dataclass(frozen=True)
class Pen:
    """A random change of every image's strokes, as other pens and cameras make them.

    Attributes:
        thickness: greatest change of the stroke's edge either way, pixels, up to 1: so much of
            the way to the greatest, or to the least, value among a pixel and its eight neighbours.
        blur: greatest share of the mean of those nine values that is mixed in.
    """

    thickness: float
    blur: float

    def __call__(self, images: Tensor, strength: float = 1.0) -> Tensor:
        """Change float32 images ``[N, 28, 28]`` of 0..255; returns the same shape and range.

        Args:
            strength: factor on both ranges; 0 changes nothing.
        """
        x = images.unsqueeze(1)

        def uniform(least: float, greatest: float) -> Tensor:
            draws = torch.empty(len(x), 1, 1, 1).uniform_(least, greatest)
            return (draws * strength).to(x.device)

        change = uniform(-self.thickness, self.thickness)
        grown, shrunk = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
        x = x + change.clamp(min=0) * (grown - x) - change.clamp(max=0) * (shrunk - x)
        mean = F.avg_pool2d(x, 3, 1, 1)
        return (x + uniform(0, self.blur) * (mean - x)).squeeze(1)


Augmentation = Callable[[Tensor, float], Tensor]
"""From images ``[N, 28, 28]`` of 0..255 and a strength to images of the same shape and range."""


def build_augmentation(recipe: Recipe) -> Augmentation:
    """What a recipe does to every batch; the images themselves if its ranges are all zero."""
    ranges = recipe.rotation, recipe.scale, recipe.shift, recipe.shear, recipe.elastic
    steps: list[Warp | Pen] = []
    if any(ranges):
        steps.append(Warp(*ranges, recipe.interpolation))
    if recipe.thickness or recipe.blur:
        steps.append(Pen(recipe.thickness, recipe.blur))

    def augment(images: Tensor, strength: float) -> Tensor:
        for step in steps:
            images = step(images.float(), strength)
        return images

    return augment
