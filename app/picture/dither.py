"""Greys that are made of dots: fax, dithering, and the screens of printing."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from app.picture.morphology import Tones

FINEST = 0.08
"""Changes from one pixel to the next along rows and columns, as a share of all that may be, from
which on a picture of two tones is made of dots."""
REACH = 0.0075
"""Half the side of the square over which dots are averaged, as a share of the picture's longer
side."""


def without_dots(grey: Tones) -> Tones:
    """A picture uint8 ``[H, W]`` of dots as the greys that they stand for; any other as it is."""
    reach = round(REACH * max(grey.shape))
    if reach == 0 or ((grey != grey.min()) & (grey != grey.max())).any():
        return grey
    changes = sum(np.count_nonzero(np.diff(grey, axis=axis)) for axis in (0, 1))
    if changes < FINEST * 2 * grey.size:
        return grey
    blur = ImageFilter.BoxBlur(reach)
    return np.asarray(Image.fromarray(grey).filter(blur).filter(blur))
