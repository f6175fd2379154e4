"""Fifteen corruptions of digits in the manner of MNIST-C (Mu & Gilmer 2019).

The kinds and their strengths are the paper's (https://arxiv.org/abs/1906.02337); the code is our
own, so the pictures are alike, not the same. Each function takes images float64 ``[N, 28, 28]`` in
0..1, ink bright, and a generator, and returns the same shape and range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import canny
from torch import Tensor

Images = NDArray[np.float64]
Corruption = Callable[[Images, np.random.Generator], Images]

SIDE = 28


def shot_noise(x: Images, random: np.random.Generator) -> Images:
    """As if three photons made the brightest pixel."""
    return np.clip(random.poisson(x * 3) / 3, 0, 1)


def impulse_noise(x: Images, random: np.random.Generator) -> Images:
    """17 % of the pixels black or white."""
    hit = random.random(x.shape) < 0.17
    return np.where(hit, random.integers(0, 2, x.shape), x)


def glass_blur(x: Images, random: np.random.Generator) -> Images:
    """Neighbouring pixels swapped at random, twice, between two blurs."""
    x = _blur(x, 0.7)
    every = np.arange(len(x))
    for _ in range(2):
        for row in range(SIDE - 1, 1, -1):
            for column in range(SIDE - 1, 1, -1):
                swapped = random.random(len(x)) < 0.5
                other = (
                    row - random.integers(0, 2, len(x)) * swapped,
                    column - random.integers(0, 2, len(x)) * swapped,
                )
                there = x[every, *other]
                x[every, *other] = x[:, row, column]
                x[:, row, column] = there
    return _blur(x, 0.7)


def motion_blur(x: Images, random: np.random.Generator) -> Images:
    """Smeared over ten pixels one way, up to 45° from the horizontal."""
    angle = random.uniform(-math.pi / 4, math.pi / 4, len(x))
    weights = np.exp(-(np.arange(11) ** 2) / (2 * 3**2))
    moved = [
        weight * _warp(x, shift=np.stack([i * np.cos(angle), i * np.sin(angle)], axis=1))
        for i, weight in enumerate(weights)
    ]
    result: Images = np.sum(moved, axis=0) / weights.sum()
    return result


def shear(x: Images, random: np.random.Generator) -> Images:
    """Slanted by 0.4 radians either way."""
    tangent = np.tan(0.4) * _sign(x, random)
    return _warp(x, matrix=_matrices(x, 1, tangent, 0, 1))


def scale(x: Images, random: np.random.Generator) -> Images:
    """Shrunk to 70 %."""
    del random
    return _warp(x, matrix=_matrices(x, 1 / 0.7, 0, 0, 1 / 0.7))


def rotate(x: Images, random: np.random.Generator) -> Images:
    """Turned by 0.4 radians (23°) either way."""
    sign = _sign(x, random)
    cos, sin = np.cos(0.4), np.sin(0.4) * sign
    return _warp(x, matrix=_matrices(x, cos, -sin, sin, cos))


def brightness(x: Images, random: np.random.Generator) -> Images:
    """Every pixel brighter by half."""
    del random
    return np.clip(x + 0.5, 0, 1)


def translate(x: Images, random: np.random.Generator) -> Images:
    """Moved by three pixels along both axes."""
    return _warp(x, shift=3 * np.stack([_sign(x, random), _sign(x, random)], axis=1))


def stripe(x: Images, random: np.random.Generator) -> Images:
    """The outer seven columns of either side inverted."""
    del random
    outer = np.r_[0:7, 21:SIDE]
    x = x.copy()
    x[:, :, outer] = 1 - x[:, :, outer]
    return x


def fog(x: Images, random: np.random.Generator) -> Images:
    """Behind clouds three times as bright as the ink."""
    return np.clip((x + 3 * _clouds(len(x), random)) / 4, 0, 1)


def spatter(x: Images, random: np.random.Generator) -> Images:
    """Spots of grey mud."""
    liquid = _blur(random.normal(0.65, 0.3, x.shape), 1)
    mud = _blur((liquid > 0.65).astype(np.float64), 1.5)
    mud[mud < 0.8] = 0
    return np.clip(x * (1 - mud) + 63 / 255 * mud, 0, 1)


def dotted_line(x: Images, random: np.random.Generator) -> Images:
    """A dashed line from the left edge to the right."""
    rows = random.integers(0, 27, (len(x), 2))
    lines = np.stack([_line(0, start, 27, end) for start, end in rows])
    lines[:, :, np.arange(SIDE) % 4 < 2] = 0
    return np.clip(x + lines, 0, 1)


def zigzag(x: Images, random: np.random.Generator) -> Images:
    """A zigzag from the left to the right, two pixels up and down."""
    lines: list[NDArray[np.float64]] = []
    for start in random.integers(0, 27, len(x)):
        slope = random.integers(-5, 5) / 23
        columns = np.array([2, *range(4, 25, 4), 25])
        rows = start + slope * (columns - 2) + 2 * np.array([0, *[1, -1] * 3, 0])
        corners = list(zip(columns, rows, strict=True))
        parts = [_line(*one, *other) for one, other in pairwise(corners)]
        lines.append(np.clip(np.sum(parts, axis=0), 0, 1))
    return np.clip(x + np.stack(lines), 0, 1)


def canny_edges(x: Images, random: np.random.Generator) -> Images:
    """The outlines only."""
    del random
    return np.stack([canny(image) for image in x]).astype(np.float64)


CORRUPTIONS: dict[str, Corruption] = {
    function.__name__: function
    for function in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}


def _blur(x: Images, sigma: float) -> Images:
    blurred: Images = gaussian_filter(x, (0, sigma, sigma))
    return blurred


def _sign(x: Images, random: np.random.Generator) -> NDArray[np.float64]:
    return random.choice([-1.0, 1.0], len(x))


def _matrices(x: Images, *entries: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """``[N, 2, 2]``, from the output's to the input's coordinates, about the centre."""
    return np.stack([np.broadcast_to(entry, len(x)) for entry in entries], 1).reshape(-1, 2, 2)


def _warp(
    x: Images,
    matrix: NDArray[np.float64] | None = None,
    shift: NDArray[np.float64] | None = None,
) -> Images:
    """Resample bilinearly; ``shift`` is in pixels ``[N, 2]``, x then y."""
    theta = np.zeros((len(x), 2, 3))
    theta[:, :, :2] = np.eye(2) if matrix is None else matrix
    if shift is not None:
        theta[:, :, 2] = -2 * shift / SIDE
    grid = F.affine_grid(torch.from_numpy(theta), [len(x), 1, SIDE, SIDE], False)
    warped: Tensor = F.grid_sample(torch.from_numpy(x).unsqueeze(1), grid, align_corners=False)
    result: Images = warped.squeeze(1).numpy()
    return result


def _line(c0: float, r0: float, c1: float, r1: float) -> NDArray[np.float64]:
    """A soft line through two points, between their columns."""
    columns, rows = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    distance = np.abs(rows - (r1 - r0) / (c1 - c0) * (columns - c0) - r0)
    ink = np.clip(np.log(1 - np.clip(distance, 0, 2.29) / 2.3) + 1, 0, 1)
    return np.where((columns >= np.floor(c0)) & (columns < np.ceil(c1)), ink, 0)


def _clouds(count: int, random: np.random.Generator) -> Images:
    """Noise of all scales, the coarse ones stronger, 0..1."""
    total = np.zeros((count, SIDE, SIDE))
    for octave in range(5):
        side = 2 ** (octave + 1)
        coarse = torch.from_numpy(random.uniform(-1, 1, (count, 1, side, side)))
        fine = F.interpolate(coarse, (SIDE, SIDE), mode="bilinear", align_corners=True)
        total += fine.squeeze(1).numpy() / 1.4**octave
    total -= total.min(axis=(1, 2), keepdims=True)
    clouds: Images = total / total.max(axis=(1, 2), keepdims=True)
    return clouds
