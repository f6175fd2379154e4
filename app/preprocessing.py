"""Picture to network input: any picture of one digit becomes 28×28 in the manner of MNIST.

MNIST's own steps, as the authors of QMNIST reconstructed them (https://arxiv.org/abs/1905.10498):
crop a square around the ink, resample it to 20×20 by area, and place that in the 28×28 so that its
centre of mass lands on the centre, by a shift of whole pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from app.problems import BlankPicture

SIDE = 28
BOX = 20
"""Side of the square that holds the digit, in pixels of the 28×28."""
SMALLEST_CROP = 10
"""Side of the smallest square that is cropped, in pixels of the picture."""
LARGEST_SIDE = 400
"""Larger pictures are shrunk to this first: their strokes stay far wider than the network's."""
LEAST_CONTRAST = 0.08
"""Difference of ink and paper (0..1) below which a picture counts as blank."""

Polarity = Literal["light_on_dark", "dark_on_light", "alpha"]


@dataclass(frozen=True)
class Prepared:
    """What the network is shown, and how it was made.

    Attributes:
        image: uint8 ``[28, 28]``, ink bright on dark.
        applied: False if the picture was MNIST-like already and went through untouched.
        polarity: how the ink was told from the paper; ``alpha`` if it was the opaque part.
        bounding_box: left, top, right, bottom of the ink, in pixels of the picture (as turned
            upright by its EXIF orientation); right and bottom are exclusive.
        frame: left, top, right, bottom of the square of the picture that the 28×28 shows, in the
            same pixels; it may overhang the picture.
    """

    image: NDArray[np.uint8]
    applied: bool
    polarity: Polarity
    bounding_box: tuple[int, int, int, int]
    frame: tuple[float, float, float, float]


def prepare(picture: Image.Image) -> Prepared:
    """Find the digit on a picture of any size, mode and polarity, and bring it to 28×28.

    Raises:
        BlankPicture: there is no ink to see.
    """
    ImageOps.exif_transpose(picture, in_place=True)
    untouched = _mnist_like(picture)
    if untouched is not None:
        box = _bounding_box(untouched > 0)
        return Prepared(untouched, False, "light_on_dark", box, (0, 0, SIDE, SIDE))

    width, height = picture.size
    ink, polarity = _ink(picture)
    threshold = _otsu(ink)
    mask = ink > threshold
    paper, full = float(np.median(ink[~mask])), float(np.median(ink[mask]))
    if full - paper < LEAST_CONTRAST:
        raise _blank()
    ink = ((ink - paper) / (full - paper)).clip(0, 1).astype(np.float32)
    ink[ink < 0.1] = 0  # noise of the paper
    left, top, right, bottom = _bounding_box(mask)
    small, square = _to_box(ink, (left, top, right, bottom))
    image, (x, y) = _centre(small)
    scale_x, scale_y = width / ink.shape[1], height / ink.shape[0]
    box = (int(left * scale_x), int(top * scale_y), int(right * scale_x), int(bottom * scale_y))
    pixel = square.side / BOX
    frame_left, frame_top = square.left - x * pixel, square.top - y * pixel
    frame = (
        frame_left * scale_x,
        frame_top * scale_y,
        (frame_left + SIDE * pixel) * scale_x,
        (frame_top + SIDE * pixel) * scale_y,
    )
    return Prepared(image, True, polarity, box, frame)


def _mnist_like(picture: Image.Image) -> NDArray[np.uint8] | None:
    """The pixels of a 28×28 grey picture whose ink is bright on black; None for any other."""
    if picture.size != (SIDE, SIDE) or picture.mode not in ("1", "L", "RGB", "P"):
        return None
    if "transparency" in picture.info:
        return None
    if picture.mode in ("RGB", "P"):
        colours = np.asarray(picture.convert("RGB"))
        if (colours != colours[..., :1]).any():
            return None
    pixels = np.asarray(picture.convert("L"))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if np.median(pixels) != 0 or np.median(border) != 0:
        return None
    if not pixels.any():
        raise _blank()
    return pixels


def _ink(picture: Image.Image) -> tuple[NDArray[np.float32], Polarity]:
    """How much ink each pixel holds, float32 ``[H, W]`` in 0..1, and how that was told."""
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        colours = np.asarray(picture)
        visible = colours[colours[..., 3] > 0]
        if len(visible) == 0:
            raise _blank()
        if len(visible) < colours.shape[0] * colours.shape[1] and np.ptp(visible[:, :3]) < 32:
            return _grey(picture.getchannel("A")), "alpha"
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    grey = _grey(picture)
    if np.ptp(grey) < LEAST_CONTRAST:
        raise _blank()
    border = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    if border > _otsu(grey):
        return np.float32(1) - grey, "dark_on_light"
    return grey, "light_on_dark"


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    """Luminance 0..1, float32 ``[H, W]``, shrunk if large."""
    if picture.mode.startswith(("I", "F")):  # 16 or 32 bits: no fixed range
        values = np.asarray(picture, dtype=np.float64)
        low, high = values.min(), values.max()
        scaled = (values - low) / (high - low) if high > low else np.zeros_like(values)
        picture = Image.fromarray((scaled * 255).astype(np.uint8))
    elif picture.mode != "L":
        picture = picture.convert("RGB").convert("L")
    if max(picture.size) > LARGEST_SIDE:
        picture = ImageOps.contain(picture, (LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BOX)
    return np.asarray(picture).astype(np.float32) / np.float32(255)


def _otsu(values: NDArray[np.float32]) -> float:
    """The threshold that separates two classes best (Otsu 1979), of values in 0..1."""
    counts, edges = np.histogram(values, bins=256, range=(0, 1))
    weight = counts.cumsum()
    total = (counts * np.arange(256)).cumsum()
    below = total / np.maximum(weight, 1)
    above = (total[-1] - total) / np.maximum(weight[-1] - weight, 1)
    between = weight * (weight[-1] - weight) * (below - above) ** 2
    best = np.flatnonzero(between == between.max())
    return float(edges[int(best.mean()) + 1])


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set; right and bottom exclusive."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


class _Square(NamedTuple):
    """A square of the picture; it may overhang."""

    left: int
    top: int
    side: int


def _to_box(
    ink: NDArray[np.float32], box: tuple[int, int, int, int]
) -> tuple[NDArray[np.uint8], _Square]:
    """The ink inside a bounding box as 20×20 uint8, aspect ratio kept, and the square cropped."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top, SMALLEST_CROP)
    square = np.zeros((side, side), dtype=np.float32)
    y, x = (side - (bottom - top)) // 2, (side - (right - left)) // 2
    square[y : y + bottom - top, x : x + right - left] = ink[top:bottom, left:right]
    weights = _area_weights(side)
    resized = weights @ square @ weights.T
    scaled: NDArray[np.uint8] = np.rint(resized / resized.max() * 255).astype(np.uint8)
    return scaled, _Square(left - x, top - y, side)


def _area_weights(side: int) -> NDArray[np.float32]:
    """Matrix ``[20, side]`` that averages ``side`` pixels into 20, by the area they share.

    Pillow's box filter takes whole source pixels only: a line of one pixel can vanish in it.
    """
    edges = np.arange(BOX + 1) * side / BOX
    pixels = np.arange(side)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (shared.clip(0) * BOX / side).astype(np.float32)


def _centre(small: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Place the 20×20 in the 28×28, centre of mass on the centre; what overhangs is cut.

    Returns:
        The 28×28, and the column and row at which the 20×20 begins in it.
    """
    positions = np.arange(BOX) + 0.5
    mass = small.sum()
    y = int(15 - (small.sum(1) * positions).sum() / mass)
    x = int(15 - (small.sum(0) * positions).sum() / mass)
    image = np.zeros((SIDE + 2 * BOX, SIDE + 2 * BOX), dtype=np.uint8)
    image[BOX + y : 2 * BOX + y, BOX + x : 2 * BOX + x] = small
    return image[BOX : BOX + SIDE, BOX : BOX + SIDE].copy(), (x, y)


def _blank() -> BlankPicture:
    return BlankPicture("No ink stands out from the paper. Send a picture with a digit on it.")
