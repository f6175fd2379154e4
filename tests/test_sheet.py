"""Sheets, notes and cards on a table, and what looks like them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.picture.ink import find_ink
from app.picture.morphology import Tones
from app.picture.sheet import find_sheet
from app.preprocessing import prepare

PAPER, TABLE, INK = 220, 90, 50
UPRIGHT = [(120, 60), (280, 60), (280, 260), (120, 260)]


def picture_of(sheet: list[tuple[int, int]], *, table: int = TABLE, ink: int = INK) -> Image.Image:
    """A 2 on a sheet of paper, 400 pixels wide and 300 high."""
    image = Image.new("L", (400, 300), table)
    draw = ImageDraw.Draw(image)
    draw.polygon(sheet, fill=PAPER)
    points = [(175, 120), (200, 105), (225, 120), (220, 150), (175, 205), (230, 205)]
    draw.line(points, ink, 10, joint="curve")
    return image


def tones(image: Image.Image) -> Tones:
    return np.asarray(image)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(
    "sheet",
    [
        pytest.param(UPRIGHT, id="upright"),
        pytest.param([(200, 20), (330, 150), (200, 280), (70, 150)], id="turned by 45 degrees"),
        pytest.param([(140, 60), (260, 70), (300, 270), (100, 250)], id="seen at an angle"),
        pytest.param([(120, -50), (280, -20), (300, 400), (100, 400)], id="cut by two borders"),
        pytest.param([(-80, -40), (300, -40), (270, 350), (-80, 350)], id="cut by three borders"),
    ],
)
def test_sheet_is_found(sheet: list[tuple[int, int]], invert: bool) -> None:
    grey = tones(picture_of(sheet))
    found = find_sheet(255 - grey if invert else grey)
    assert found is not None
    assert found.dark != invert
    whole = Image.new("1", (400, 300))
    ImageDraw.Draw(whole).polygon(sheet, fill=1)
    enlarged = Image.fromarray(found.mask).resize(whole.size, Image.Resampling.NEAREST)
    assert (np.asarray(enlarged) != np.asarray(whole)).mean() < 0.02
    assert find_ink(Image.fromarray(grey)).polarity == "dark_on_light"


def test_table_gets_the_tone_of_the_sheet() -> None:
    grey = tones(picture_of([(122, 61), (281, 61), (281, 262), (122, 262)]))
    sheet = find_sheet(grey)
    assert sheet is not None
    alone = sheet.alone(grey)
    assert np.array_equal(alone[80:240, 140:260], grey[80:240, 140:260])
    alone[80:240, 140:260] = PAPER
    assert (alone == PAPER).all()


@pytest.mark.parametrize("table", [20, 90, 150])
def test_digit_is_cropped_without_its_sheet(table: int) -> None:
    left, top, right, bottom = prepare(picture_of(UPRIGHT, table=table)).bounding_box
    assert (left, top, right, bottom) == pytest.approx((171, 101, 234, 210), abs=4)


def test_several_digits_on_a_sheet_are_told() -> None:
    picture = picture_of([(50, 60), (350, 60), (350, 260), (50, 260)])
    two = picture.crop((160, 90, 240, 220))
    picture.paste(two, (75, 90))
    picture.paste(two, (245, 90))
    assert find_sheet(tones(picture)) is not None
    assert prepare(picture).several_digits


def test_badge_is_a_sheet() -> None:
    sheet = find_sheet(tones(badge(digit=True)))
    assert sheet is not None
    assert sheet.dark


def on_slide() -> Image.Image:
    """A slide with a title, and on it a dark panel with a bright 1."""
    image = Image.new("L", (400, 300), TABLE)
    draw = ImageDraw.Draw(image)
    draw.rectangle([10, 20, 390, 280], PAPER)
    draw.rectangle([30, 40, 200, 60], INK)
    draw.rectangle([230, 90, 370, 260], INK)
    draw.line([(290, 140), (305, 125), (305, 220)], PAPER, 10, joint="curve")
    return image


def two_notes() -> Image.Image:
    """A 1 on a note, and beside it one that nothing is written on."""
    image = Image.new("L", (400, 300), TABLE)
    draw = ImageDraw.Draw(image)
    draw.rectangle([20, 60, 185, 240], PAPER)
    draw.rectangle([205, 50, 390, 250], PAPER)
    draw.line([(95, 120), (110, 105), (110, 200)], INK, 10, joint="curve")
    return image


@pytest.mark.parametrize(
    ("picture", "box"),
    [
        pytest.param(on_slide(), (230, 90, 371, 261), id="a panel on a slide"),
        pytest.param(two_notes(), (20, 60, 186, 241), id="the note that has writing"),
    ],
)
def test_sheet_of_several(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    sheet = find_sheet(tones(picture))
    assert sheet is not None
    enlarged = Image.fromarray(sheet.mask).resize(picture.size, Image.Resampling.NEAREST)
    assert enlarged.getbbox() == pytest.approx(box, abs=5)
    assert sheet.dark == (picture.getpixel(box[:2]) == PAPER)


def test_cells_of_ruled_paper_are_no_sheets() -> None:
    image = Image.new("L", (400, 300), PAPER)
    draw = ImageDraw.Draw(image)
    for place in range(40, 400, 100):
        draw.line([(0, place), (400, place)], INK, 4)
        draw.line([(place, 0), (place, 300)], INK, 4)
    draw.line([(175, 180), (190, 165), (190, 220)], INK, 8)
    assert find_sheet(tones(image)) is None


def ellipse(width: int) -> Image.Image:
    image = Image.new("L", (400, 300), TABLE)
    ImageDraw.Draw(image).ellipse([120, 40, 280, 260], outline=PAPER, width=width)
    return image


def badge(*, digit: bool) -> Image.Image:
    """A disc with a 1, or with the hole that a very bold 0 has."""
    image = Image.new("L", (400, 300), TABLE)
    draw = ImageDraw.Draw(image)
    draw.ellipse([80, 30, 320, 270], PAPER)
    if digit:
        draw.line([(185, 110), (205, 90), (205, 210)], TABLE, 16, joint="curve")
    else:
        draw.ellipse([145, 90, 255, 210], TABLE)
    return image


def disc(*hole: tuple[int, int], width: int = 26) -> Image.Image:
    """A disc with a line of paper in it."""
    image = Image.new("L", (400, 300), TABLE)
    draw = ImageDraw.Draw(image)
    draw.ellipse([90, 40, 310, 260], PAPER)
    draw.line(hole, TABLE, width, joint="curve")
    return image


SLIT = disc((215, 100), (190, 200))
BENT = disc((165, 100), (235, 100), (195, 210), width=14)


@pytest.mark.parametrize("scale", [1, 0.15])
@pytest.mark.parametrize("picture", [SLIT, BENT], ids=["1", "7"])
def test_what_is_no_hole_of_a_0_makes_a_disc_a_badge(picture: Image.Image, scale: float) -> None:
    size = round(400 * scale), round(300 * scale)
    sheet = find_sheet(tones(picture.resize(size, Image.Resampling.BOX)))
    assert sheet is not None
    assert sheet.dark


def slashed_zero() -> Image.Image:
    image = Image.new("L", (400, 300), TABLE)
    ImageDraw.Draw(image).ellipse([110, 50, 290, 250], outline=PAPER, width=34)
    ImageDraw.Draw(image).line([(150, 220), (250, 80)], PAPER, 34)
    return image


def dotted_zero() -> Image.Image:
    image = ellipse(50)
    ImageDraw.Draw(image).ellipse([185, 130, 215, 170], PAPER)
    return image


def outline() -> Image.Image:
    image = Image.new("L", (400, 300), TABLE)
    ImageDraw.Draw(image).rectangle([120, 60, 280, 260], outline=PAPER, width=30)
    return image


def dotted() -> Image.Image:
    image = picture_of(UPRIGHT, ink=PAPER)
    draw = ImageDraw.Draw(image)
    for x in range(140, 280, 30):
        for y in range(80, 260, 30):
            draw.ellipse([x - 5, y - 5, x + 5, y + 5], INK)
    return image


def speck() -> Image.Image:
    image = picture_of(UPRIGHT, ink=PAPER)
    ImageDraw.Draw(image).rectangle([200, 150, 206, 156], INK)
    return image


def shadow_across() -> Image.Image:
    image = picture_of([(-1, -1), (401, -1), (401, 301), (-1, 301)])
    dark = image.point(lambda tone: tone // 3)
    image.paste(dark.crop((200, 0, 400, 300)), (200, 0))
    return image


def grain() -> Image.Image:
    rows = np.random.default_rng(0).normal(150, 40, (300, 1)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.tile(rows, 400))


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(picture_of(UPRIGHT, ink=PAPER), id="a sheet that nothing is written on"),
        pytest.param(picture_of([(0, 0), (399, 0), (399, 299), (0, 299)]), id="all of it is paper"),
        pytest.param(picture_of(UPRIGHT).resize((36, 27)), id="too small"),
        pytest.param(ellipse(50), id="a bold 0"),
        pytest.param(ellipse(70), id="a bolder 0"),
        pytest.param(picture_of([(12, -1), (401, -1), (401, 301), (12, 301)]), id="hardly a table"),
        pytest.param(speck(), id="a sheet with a speck"),
        pytest.param(badge(digit=False), id="a round 0, bolder still"),
        pytest.param(disc((200, 130), (200, 170), width=60), id="a 0 with a small hole"),
        pytest.param(SLIT.resize((300, 300)), id="a 0 with a slit"),
        pytest.param(slashed_zero(), id="a slashed 0"),
        pytest.param(slashed_zero().resize((80, 60)), id="a small slashed 0"),
        pytest.param(dotted_zero(), id="a 0 with a dot in it"),
        pytest.param(outline(), id="a 0 with corners"),
        pytest.param(dotted(), id="dotted paper"),
        pytest.param(shadow_across(), id="a shadow across the digit"),
        pytest.param(grain(), id="the grain of wood"),
        pytest.param(Image.new("L", (400, 300), 128), id="one tone"),
    ],
)
def test_what_is_no_sheet(picture: Image.Image) -> None:
    assert find_sheet(tones(picture)) is None
