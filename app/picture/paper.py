"""Ink on paper that has shadows, edges and a table around it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from app.picture.morphology import Tones, closing

WIDEST_STROKE = 0.2
"""Share of the picture's longer side; what is wider is paper, table or shadow."""
DARKEST_PAPER = 0.3
"""Share of the brightest paper's tone: on darker ground the ink is not measured by the ground."""
SMOOTHED_SIDE = 100
"""Longer side, in pixels, above which the noise of the camera is smoothed away."""


def ink_on_uneven_paper(grey: Tones, dark: bool) -> Tones:
    """How much the ink differs from the paper around it, uint8 ``[H, W]``; 0 for all that is wide.

    Dark ink takes its share of the light, little in a shadow; bright ink adds to what there is.

    Args:
        grey: uint8 ``[H, W]``.
        dark: whether the ink is darker than the paper.
    """
    height, width = grey.shape
    if max(height, width) > SMOOTHED_SIDE:
        grey = np.asarray(Image.fromarray(grey).filter(ImageFilter.BoxBlur(1)))
    radius = max(1, round(WIDEST_STROKE * max(height, width) / 2))
    if not dark:
        return grey - ~closing(~grey, radius)
    paper = closing(grey, radius)
    light = np.maximum(paper, DARKEST_PAPER * paper.max())
    ink: Tones = (255 * ((paper - grey) / light)).astype(np.uint8)
    return ink
