"""Large pictures made small."""

from __future__ import annotations

from PIL import Image


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """The picture, if need be so small that no side is longer; either keeps a pixel at least."""
    longer = max(picture.size)
    if longer <= side:
        return picture
    width, height = (max(1, round(length * side / longer)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BOX)
