"""Picture to network input: any picture of one digit becomes 28×28 in the manner of MNIST.

MNIST's own steps, as the authors of QMNIST reconstructed them (https://arxiv.org/abs/1905.10498):
crop a square around the ink, resample it to 20×20 by area, and place that in the 28×28 so that its
centre of mass lands on the centre, by a shift of whole pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.picture.components import Box, bounding_box
from app.picture.digit import find_digit
from app.picture.enclosure import without_enclosure
from app.picture.ink import Polarity, blank, find_ink
from app.picture.morphology import dilate
from app.picture.outline import fill_outline
from app.picture.strokes import normalize_stroke_width
from app.problems import NotNetworkInput

Scalar = TypeVar("Scalar", bound=np.generic)

SIDE = 28
BOX = 20
"""Side of the square that holds the digit, in pixels of the 28×28."""
SMALLEST_CROP = 10
"""Side of the smallest square that is cropped, in pixels of the picture."""
SOFT_EDGE = 2
"""Pixels around the mask in which faint ink is kept, since strokes have soft edges."""
COARSE = 3 * BOX
"""Longer side of a digit, in pixels of a large picture that was shrunk, below which it is looked at
again in the picture itself."""
FULL_INK = 254
"""Brightest pixel that every MNIST digit reaches, of 255."""
OFF_CENTRE = 0.53
"""Pixels by which the centre of mass of MNIST's digits misses the centre at most, by rounding."""
FAINTEST = 0.1
"""Amount of ink (0..1) from which on a pixel belongs to the digit's box."""


@dataclass(frozen=True)
class Prepared:
    """What the network is shown, and how it was made.

    Attributes:
        image: uint8 ``[28, 28]``, ink bright on dark.
        applied: False if the picture was MNIST-like already and went through untouched.
        polarity: how the ink was told from the paper; ``alpha`` if by their opacity.
        bounding_box: left, top, right, bottom of the ink, in pixels of the picture (as turned
            upright by its EXIF orientation); right and bottom are exclusive.
        frame: left, top, right, bottom of the square of the picture that the 28×28 shows, in the
            same pixels; it may overhang the picture.
        several_digits: whether there are other digits beside this one, the largest.
    """

    image: NDArray[np.uint8]
    applied: bool
    polarity: Polarity
    bounding_box: Box
    frame: tuple[float, float, float, float]
    several_digits: bool = False


def prepare(picture: Image.Image) -> Prepared:
    """Find the digit on a picture of any size, mode and polarity, and bring it to 28×28.

    Raises:
        BlankPicture: there is no ink to see.
    """
    return _mnist_like(picture) or _prepare(picture)


def _prepare(picture: Image.Image) -> Prepared:
    ink = fill_outline(without_enclosure(find_ink(picture)))
    digit = find_digit(ink)
    mask = digit.mask
    region = bounding_box(mask)
    side = _longer_side(region)
    scale = picture.width / mask.shape[1], picture.height / mask.shape[0]
    if side < COARSE and max(scale) > 1:
        return _look_closer(picture, _in_picture(region, (0, 0), scale), digit.several)
    margin = SOFT_EDGE + side // 10
    edges = dilate(_cut(mask, region, margin), SOFT_EDGE)
    amount = _cut(ink.amount, region, margin) * edges
    if digit.growth:
        amount = dilate(amount, digit.growth)
    amount = normalize_stroke_width(amount, side)
    solid = amount > FAINTEST
    if not solid.any():  # the largest part was hardly darker than the paper's texture
        raise blank()
    box = bounding_box(solid)
    small, square = _to_box(amount, box)
    image, (x, y) = _centre(small)

    origin = region[0] - margin, region[1] - margin
    pixel = square.side / BOX
    left, top = square.left - x * pixel, square.top - y * pixel
    frame = (left, top, left + SIDE * pixel, top + SIDE * pixel)
    left, top, right, bottom = _in_picture(box, origin, scale)
    return Prepared(
        image=image,
        applied=True,
        polarity=ink.polarity,
        bounding_box=(
            max(round(left), 0),
            max(round(top), 0),
            min(round(right), picture.width),
            min(round(bottom), picture.height),
        ),
        frame=_in_picture(frame, origin, scale),
        several_digits=digit.several,
    )


def _look_closer(
    picture: Image.Image, region: tuple[float, float, float, float], several: bool
) -> Prepared:
    """Prepare a part of a picture, three times as large as the region of the digit."""
    left, top, right, bottom = map(round, region)
    side = _longer_side((left, top, right, bottom))
    left, top = max(left - side, 0), max(top - side, 0)
    right, bottom = min(right + side, picture.width), min(bottom + side, picture.height)
    seen = _prepare(picture.crop((left, top, right, bottom)))
    x, y, x_end, y_end = seen.bounding_box
    return replace(
        seen,
        bounding_box=(x + left, y + top, x_end + left, y_end + top),
        frame=_in_picture(seen.frame, (left, top), (1, 1)),
        several_digits=several or seen.several_digits,
    )


def take_as_it_is(picture: Image.Image) -> Prepared:
    """The picture as the network's input, without any preparation.

    Raises:
        NotNetworkInput: it is not 28×28 and grey.
        BlankPicture: all of it is black.
    """
    grey = _grey_input(picture)
    if grey is None:
        raise NotNetworkInput(
            f"With preprocess=none the picture has to be {SIDE} × {SIDE} and grey, "
            f"ink bright on dark; this one is {picture.width} × {picture.height}, "
            f"mode {picture.mode}."
        )
    box = grey.getbbox()
    if box is None:
        raise blank()
    return _untouched(_pixels(grey), box)


def _untouched(pixels: NDArray[np.uint8], box: Box) -> Prepared:
    return Prepared(pixels, False, "light_on_dark", box, (0, 0, SIDE, SIDE))


def _pixels(grey: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a 28×28 picture of mode L; a third of the time of ``np.asarray``."""
    return np.frombuffer(grey.tobytes(), np.uint8).reshape(SIDE, SIDE)


def _cut(plane: NDArray[Scalar], region: Box, margin: int) -> NDArray[Scalar]:
    """A region of a plane ``[H, W]`` with a margin around it, empty where it overhangs."""
    left, top, right, bottom = region
    before = max(left - margin, 0), max(top - margin, 0)
    cut = plane[before[1] : bottom + margin, before[0] : right + margin]
    x, y = before[0] - (left - margin), before[1] - (top - margin)
    whole = np.zeros((bottom - top + 2 * margin, right - left + 2 * margin), plane.dtype)
    whole[y : y + cut.shape[0], x : x + cut.shape[1]] = cut
    return whole


def _in_picture(
    box: tuple[float, float, float, float], origin: tuple[int, int], scale: tuple[float, float]
) -> tuple[float, float, float, float]:
    """A box in pixels of the cut as one in pixels of the picture."""
    left, top, right, bottom = box
    return (
        (left + origin[0]) * scale[0],
        (top + origin[1]) * scale[1],
        (right + origin[0]) * scale[0],
        (bottom + origin[1]) * scale[1],
    )


def _grey_input(picture: Image.Image) -> Image.Image | None:
    """A 28×28 picture without colour or transparency, as mode L; None for any other."""
    if picture.size != (SIDE, SIDE) or picture.mode not in ("1", "L", "RGB", "P"):
        return None
    if "transparency" in picture.info:
        return None
    if picture.mode in ("RGB", "P"):
        colours = np.asarray(picture.convert("RGB"))
        if (colours != colours[..., :1]).any():
            return None
    return picture if picture.mode == "L" else picture.convert("L")


_POSITIONS = np.arange(SIDE, dtype=np.float64)
_MOMENTS = np.stack(
    [np.ones(SIDE * SIDE), np.tile(_POSITIONS, SIDE), np.repeat(_POSITIONS, SIDE)], axis=1
)
"""Matrix ``[784, 3]`` by which pixels give their sum and its moments along both axes."""


def _mnist_like(picture: Image.Image) -> Prepared | None:
    """A picture that already is what MNIST's steps make, untouched; None for any other.

    That is grey, 28×28, the ink bright on black, 20 pixels long and centred by its mass: true of
    all 70,000 digits of MNIST, and of few pictures that did not come out of those steps.

    Most requests are such digits, so this calls as little code as can be: after the network ran,
    none of it is in the processor's caches any more.
    """
    grey = _grey_input(picture)
    if grey is None or cast("tuple[int, int]", grey.getextrema())[1] < FULL_INK:
        return None
    box = grey.getbbox()
    if box is None or _longer_side(box) not in (BOX - 1, BOX):
        return None
    pixels = _pixels(grey)
    mass, *moments = (pixels.reshape(-1).astype(np.float64) @ _MOMENTS).tolist()  # exact
    if max(abs(moment / mass - SIDE / 2) for moment in moments) > OFF_CENTRE:
        return None
    return _untouched(pixels, box)


def _longer_side(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


class _Square(NamedTuple):
    """A square of the picture; it may overhang."""

    left: int
    top: int
    side: int


def _to_box(ink: NDArray[np.float32], box: Box) -> tuple[NDArray[np.uint8], _Square]:
    """The ink inside a bounding box as 20×20 uint8, aspect ratio kept, and the square cropped."""
    left, top, right, bottom = box
    side = max(_longer_side(box), SMALLEST_CROP)
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
