import numpy as np
import pytest
from conftest import DIGITS
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from app.picture.digit import find_digit
from app.picture.histograms import separation
from app.picture.ink import find_ink
from app.picture.morphology import Tones, closing
from app.picture.paper import ink_on_uneven_paper
from app.picture.polarity import find_polarity, strokes_are_dark


def drawing(*, paper: int = 230, ink: int = 40, width: int = 14, side: int = 240) -> Image.Image:
    """An 8, whose holes are as small as its strokes are wide where ``width`` is 27."""
    image = Image.new("L", (side, side), paper)
    draw = ImageDraw.Draw(image)
    draw.ellipse([80, 40, 160, 120], outline=ink, width=width)
    draw.ellipse([75, 110, 165, 200], outline=ink, width=width)
    return image


def tones(image: Image.Image) -> Tones:
    return np.asarray(image)


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 9])
def test_closing_is_the_least_of_the_greatest(radius: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (2, 17, 23)).astype(np.uint8)

    def squares(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.lib.stride_tricks.sliding_window_view(plane, [2 * radius + 1] * 2, (1, 2))

    padded = np.pad(values, [(0, 0), (2 * radius, 2 * radius), (2 * radius, 2 * radius)], "edge")
    expected = squares(squares(padded).max((3, 4))).min((3, 4))
    assert np.array_equal(closing(values, radius), expected)


@pytest.mark.parametrize("width", [2, 6, 14, 20])
def test_strokes_are_told_from_the_holes_between_them(width: int) -> None:
    grey = tones(drawing(width=width))
    assert strokes_are_dark(grey)
    assert not strokes_are_dark(~grey)


@pytest.mark.parametrize("table", [40, 120])
@pytest.mark.parametrize("invert", [False, True])
def test_sheet_on_a_table_is_no_ink(table: int, invert: bool) -> None:
    grain = np.random.default_rng(0).normal(table, 12, (300, 1)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(np.tile(grain, 400))
    picture.paste(drawing(), (70, 20))
    if invert:
        picture = picture.point(lambda v: 255 - v)
    ink = find_ink(picture)
    assert ink.polarity == ("light_on_dark" if invert else "dark_on_light")
    rows, columns = np.nonzero(find_digit(ink).mask)
    assert (rows.min(), rows.max()) == pytest.approx((60, 220), abs=4)
    assert (columns.min(), columns.max()) == pytest.approx((145, 235), abs=4)


@pytest.mark.parametrize("name", ["0-00003", "3-00018", "5-00008", "6-00011", "9-00009"])
@pytest.mark.parametrize("noise", [0, 4])
@pytest.mark.parametrize("invert", [False, True])
def test_bold_digit_that_fills_the_picture_is_ink(name: str, noise: int, invert: bool) -> None:
    small = Image.open(DIGITS[0].with_name(f"{name}.png"))
    bold = small.resize((280, 280), Image.Resampling.BICUBIC).filter(ImageFilter.MaxFilter(15))
    closely = np.asarray(bold.crop(bold.getbbox())) > 110
    grey = np.where(closely, 40, 220) + np.random.default_rng(0).normal(0, noise, closely.shape)
    grey = (255 - grey if invert else grey).astype(np.uint8)
    assert strokes_are_dark(grey) == invert  # its holes are thinner than its strokes
    ink = find_ink(Image.fromarray(grey))
    assert ink.polarity == ("light_on_dark" if invert else "dark_on_light")
    assert np.array_equal(ink.mask, closely)


def test_foot_of_a_2_that_fills_the_picture_is_ink() -> None:
    two = Image.new("L", (300, 300))
    ImageDraw.Draw(two).text((60, 60), "2", 255, ImageFont.load_default(200))
    ink = np.array(two.crop(two.getbbox()))
    for edge in (ink[0], ink[:, 0], ink[:, -1]):
        edge //= 4  # all but the foot end softly
    assert find_ink(Image.fromarray(255 - ink)).mask[-4].mean() > 0.9


@pytest.mark.parametrize("invert", [False, True])
def test_soft_digits_that_fill_the_picture_are_evenly_lit(invert: bool) -> None:
    even = []
    for path in DIGITS:
        digit = Image.open(path)
        digit = digit.crop(digit.getbbox())
        for size in [(4 * digit.width, 4 * digit.height), (28, 28), digit.size]:
            grey = tones(digit.resize(size, Image.Resampling.BICUBIC))
            even.append(find_polarity(grey if invert else ~grey) == (not invert, True))
    assert np.reshape(even, (-1, 3)).mean(axis=0) == pytest.approx([1, 0.95, 0.9], abs=0.05)


def test_strokes_as_thin_as_their_edges_are_evenly_lit() -> None:
    ring = Image.new("L", (120, 120))
    ImageDraw.Draw(ring).ellipse([0, 0, 119, 119], outline=255, width=10)
    assert find_polarity(~tones(ring.reduce(10))) == (True, True)


@pytest.mark.parametrize("paper", [(90, 200), (200, 255)])
def test_shadow_from_border_to_border_is_no_ink(paper: tuple[int, int]) -> None:
    slope = np.linspace(*paper, 240)[:, None] * np.ones(240)
    slope[60:120] *= 0.4
    grey = np.asarray(Image.fromarray(slope.astype(np.uint8)).filter(ImageFilter.BoxBlur(2)))
    assert not find_polarity(grey)[1]


def test_card_that_the_border_cuts_is_no_ink() -> None:
    table = Image.new("L", (64, 64), 240)
    draw = ImageDraw.Draw(table)
    draw.rectangle([24, 20, 64, 64], 20)
    draw.ellipse([34, 28, 54, 56], outline=240, width=4)
    assert find_polarity(tones(table)) == (False, False)


def test_ground_between_two_panels_is_no_ink() -> None:
    grey = np.full((240, 240), 255, np.uint8)
    grey[:, 60:180] = tones(drawing(paper=0, ink=255))[:, 60:180]
    assert find_polarity(grey) == (False, False)


def test_half_in_the_shadow_is_no_ink() -> None:
    picture = Image.new("L", (64, 64), 230)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([44, 0, 64, 64], 80)
    draw.ellipse([12, 16, 32, 48], outline=60, width=3)
    assert find_polarity(tones(picture)) == (True, False)


def test_separation_of_two_tones_of_one_and_of_none() -> None:
    counts = np.zeros(256, np.intp)
    assert separation(counts, 100) == 0
    counts[[20, 40]] = 50
    assert separation(counts, 100) == 0
    counts[200] = 100
    assert separation(counts, 100) == pytest.approx(85**2 / (85**2 + 50))


def test_lines_of_print_are_ink_though_the_gaps_between_them_are_thinner() -> None:
    picture = drawing(ink=130)
    draw = ImageDraw.Draw(picture)
    for line in range(0, 36, 12):
        draw.rectangle([0, line, 240, line + 7], 60)
    assert not strokes_are_dark(tones(picture))
    assert find_polarity(tones(picture)) == (True, False)


def test_ink_in_a_shadow_is_as_strong_as_in_the_light() -> None:
    light = np.where(np.arange(240) < 120, 1.0, 0.4)
    grey = (tones(drawing()) * light).astype(np.uint8)
    ink = ink_on_uneven_paper(grey, dark=True)
    inked = tones(drawing()) == 40
    assert np.median(ink[:, :120][inked[:, :120]]) == pytest.approx(210, abs=6)
    assert np.median(ink[:, 120:][inked[:, 120:]]) == pytest.approx(210, abs=6)
    assert np.quantile(ink[~inked], 0.9) < 10


def test_bright_ink_adds_to_its_ground() -> None:
    ground = np.linspace(20, 120, 240)[None].astype(np.uint8)
    grey = np.where(tones(drawing()) == 40, ground + 100, ground).astype(np.uint8)
    ink = ink_on_uneven_paper(grey, dark=False)
    assert np.median(ink[tones(drawing()) == 40]) == pytest.approx(100, abs=6)


def test_faint_lines_of_the_paper_are_no_ink() -> None:
    picture = drawing(ink=60)
    draw = ImageDraw.Draw(picture)
    for line in range(5, 240, 24):  # more of them than of the digit
        draw.line([(0, line), (240, line)], 180, 3)
        draw.line([(line, 0), (line, 240)], 180, 3)
    inked = tones(drawing()) == 40
    mask = find_ink(picture).mask
    assert mask[inked].mean() > 0.85
    assert mask[~inked].mean() < 0.01


def test_soft_edges_do_not_raise_the_threshold() -> None:
    row = np.clip((np.abs(np.arange(-60, 60)) - 8) * 10, 0, 200).astype(np.uint8)
    picture = Image.new("L", (200, 200), 200)
    picture.paste(Image.fromarray(np.tile(row, (120, 1))), (40, 40))
    across = find_ink(picture).mask[100]
    assert across.sum() == pytest.approx(37, abs=4)  # half of the edge on either side
