"""Pictures with transparency."""

import io

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from PIL import Image, ImageDraw, ImageFilter

from app.decoding import decode_image
from app.picture.transparency import is_ground, on_paper, opacity
from app.preprocessing import prepare
from app.recognizer import Recognizer

SIDE = 280


def ink_of(digit: int) -> Image.Image:
    """A digit 280×280, mode L, ink bright on black."""
    path = next(path for path in DIGITS if path.name.startswith(str(digit)))
    return Image.fromarray(pixels_of(path)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def layer(alpha: Image.Image, colour: str) -> Image.Image:
    """One colour, as opaque as it is bright."""
    picture = Image.new("RGBA", alpha.size, colour)
    picture.putalpha(alpha)
    return picture


def card() -> Image.Image:
    """A card with round corners, mode L."""
    picture = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(picture).rounded_rectangle([5, 5, SIDE - 5, SIDE - 5], 60, 255)
    return picture


def cut_out(ground: Image.Image, ink: Image.Image) -> Image.Image:
    return Image.fromarray(np.minimum(np.asarray(ground), 255 - np.asarray(ink)))


def two_pens(ink: Image.Image) -> Image.Image:
    picture = layer(ink, "white")
    picture.paste(layer(ink, "#66ffff").crop((140, 0, SIDE, SIDE)), (140, 0))
    return picture


def in_lossy_webp(ink: Image.Image) -> Image.Image:
    file = io.BytesIO()
    layer(ink, "white").save(file, "WEBP", quality=40)
    return decode_image(file.getvalue(), SIDE * SIDE)


def with_shadow(ink: Image.Image) -> Image.Image:
    shadow = Image.new("L", ink.size)
    shadow.paste(ink.filter(ImageFilter.GaussianBlur(6)).point(lambda v: v * 2 // 3), (8, 8))
    return Image.alpha_composite(layer(shadow, "black"), layer(ink, "white"))


PICTURES = {
    "black ink": lambda ink: layer(ink, "black"),
    "white ink": lambda ink: layer(ink, "white"),
    "half opaque ink": lambda ink: layer(ink.point(lambda v: v // 3), "navy"),
    "cut out of a ground": lambda ink: layer(cut_out(Image.new("L", ink.size, 255), ink), "teal"),
    "cut out of a card": lambda ink: layer(cut_out(card(), ink), "white"),
    "on a white card": lambda ink: Image.alpha_composite(layer(card(), "white"), layer(ink, "red")),
    "on a dark card": lambda ink: Image.alpha_composite(layer(card(), "#123"), layer(ink, "white")),
    "two pale pens": two_pens,
    "white ink in a lossy WebP": in_lossy_webp,
    "white ink with a shadow": with_shadow,
}


@pytest.mark.parametrize("digit", [2, 5, 8])
@pytest.mark.parametrize("name", PICTURES)
def test_digit_is_named_with(name: str, digit: int, recognizer: Recognizer) -> None:
    seen = prepare(PICTURES[name](ink_of(digit)))
    assert recognizer.predict(seen.image).digit == digit


def test_opacity_is_ink_where_all_that_is_opaque_has_one_colour() -> None:
    ink = ink_of(3)
    assert opacity(layer(ink, "white")) is not None
    assert opacity(two_pens(ink)) is None
    assert opacity(Image.new("RGBA", (30, 30), "white")) is None
    assert prepare(layer(ink, "white")).polarity == "alpha"


def test_light_ink_is_seen_on_black_and_dark_ink_on_white() -> None:
    assert on_paper(layer(ink_of(3), "#eee")).getpixel((0, 0)) == (0, 0, 0)
    assert on_paper(layer(ink_of(3), "#111")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("digit", range(10))
def test_bold_ink_is_no_ground(digit: int) -> None:
    bold = ink_of(digit).filter(ImageFilter.MaxFilter(25))
    assert not is_ground(np.asarray(bold))
    assert is_ground(~np.asarray(bold))


def test_transparency_of_numbers_is_ignored(recognizer: Recognizer) -> None:
    paper = 50_000
    grey = Image.fromarray(np.uint16(paper) - np.asarray(ink_of(3)) * np.uint16(150))
    file = io.BytesIO()
    grey.save(file, "PNG", transparency=paper)
    picture = decode_image(file.getvalue(), SIDE * SIDE)
    assert picture.mode == "I;16"
    assert picture.info["transparency"] == paper
    assert recognizer.predict(prepare(picture).image).digit == 3
