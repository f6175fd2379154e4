"""The steps from a picture to the network's input, one by one and on all of MNIST."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import DIGITS, REPOSITORY, pixels_of
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from app.picture.components import label_components
from app.picture.histograms import otsu
from app.picture.ink import find_ink
from app.preprocessing import prepare
from app.problems import BlankPicture
from app.recognizer import Recognizer

SEVERAL = {"1 0": True, "23": True, "7": False, "5": False, "i": False, "=": False, "10 2": True}


@pytest.mark.parametrize("text", SEVERAL)
def test_several_digits_are_told(text: str) -> None:
    image = Image.new("L", (260, 160), 255)
    ImageDraw.Draw(image).text((40, 30), text, 0, ImageFont.load_default(90))
    assert prepare(image).several_digits is SEVERAL[text]


def test_largest_of_several_digits_is_the_one_seen(recognizer: Recognizer) -> None:
    two = Image.new("L", (160, 120))
    two.paste(Image.fromarray(pixels_of(DIGITS[0])).resize((100, 100)), (50, 10))  # a 0
    one = next(path for path in DIGITS if path.name.startswith("1"))
    two.paste(Image.fromarray(pixels_of(one)).resize((84, 84)), (-15, 20))
    prepared = prepare(two)
    assert prepared.several_digits
    assert recognizer.predict(prepared.image).digit == 0


def test_otsu_separates_two_tones() -> None:
    tones = np.array([[10, 12, 11, 200], [9, 10, 198, 203]], dtype=np.uint8)
    assert 12 <= otsu(np.bincount(tones.ravel(), minlength=256)) < 198


class TestIdentity:
    def test_all_of_mnists_test_digits_come_out_as_they_went_in(self, mnist_root: Path) -> None:
        raw = mnist_root / "MNIST/raw/t10k-images-idx3-ubyte"
        images = np.fromfile(raw, np.uint8, offset=16).reshape(-1, 28, 28)
        for index, image in enumerate(images):
            prepared = prepare(Image.fromarray(image))
            assert not prepared.applied, index
            assert np.array_equal(prepared.image, image), index

    @pytest.mark.parametrize("shift", [(3, 0), (0, 2), (-2, -2)])
    def test_digit_off_the_centre_is_centred(self, shift: tuple[int, int]) -> None:
        moved = Image.fromarray(np.roll(pixels_of(DIGITS[0]), shift, axis=(0, 1)))
        prepared = prepare(moved)
        assert prepared.applied
        difference = prepared.image.astype(int) - pixels_of(DIGITS[0])
        assert np.abs(difference).mean() < 6

    def test_noisy_digit_is_cleaned(self) -> None:
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 40, (28, 28)) * (rng.random((28, 28)) < 0.3)
        noisy = np.maximum(pixels_of(DIGITS[0]), noise).astype(np.uint8)
        prepared = prepare(Image.fromarray(noisy))
        assert prepared.applied
        assert (prepared.image[:3] == 0).all()

    def test_colour_is_no_identity(self) -> None:
        red = Image.merge(
            "RGB", [Image.fromarray(pixels_of(DIGITS[0])), *[Image.new("L", (28, 28))] * 2]
        )
        assert prepare(red).applied


def scene(name: str) -> Image.Image:
    """A hand-drawn 3 (strokes of our own) in a difficult setting."""
    rng = np.random.default_rng(1)
    size = 320
    points = [(110, 70), (160, 55), (205, 85), (195, 125), (150, 150), (205, 175), (215, 225)]
    points += [(170, 265), (110, 250)]
    if name == "hairline":
        size, points = 7 * size, [(7 * x, 7 * y) for x, y in points]
    width = {"hair-thin": 2, "hairline": 2, "very thick": 52}.get(name, 18)
    paper = np.full((size, size), 235.0)
    if name == "shadow":
        paper = np.linspace(240, 110, size)[None] * np.linspace(1, 0.75, size)[:, None]
    if name == "noise":
        paper = paper + rng.normal(0, 12, paper.shape)
    image = Image.fromarray(paper.clip(0, 255).astype(np.uint8)).convert("RGB")
    draw = ImageDraw.Draw(image)
    if name == "squared paper":
        for line in range(0, size, 26):
            draw.line([(line, 0), (line, size)], (205, 215, 230))
            draw.line([(0, line), (size, line)], (205, 215, 230))
    ink = (190, 190, 195) if name == "faint pencil" else (40, 40, 45)
    if name in ON_COLOUR:
        ink, colour = ON_COLOUR[name]
        image = Image.new("RGB", image.size, colour)
        draw = ImageDraw.Draw(image)
    draw.line(points, ink, width, joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], ink)
    if name == "specks":
        for x, y in rng.integers(0, size, (25, 2)):
            draw.ellipse([x, y, x + 3, y + 3], ink)
    if name == "frame":
        draw.rectangle([0, 0, size - 1, size - 1], outline=(20, 20, 20), width=4)
    if name == "spray":
        near = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(6))) / 235
        image = Image.fromarray(
            np.where(rng.random(near.shape) < 0.5 + near / 2, 255, 40).astype(np.uint8)
        )
    if name in RAINBOWS:
        hues = Image.linear_gradient("L").resize(image.size)
        full = Image.new("L", image.size, 255)
        rainbow = Image.merge("HSV", (hues, full, full)).convert("RGB")
        paper_of_one = Image.new("RGB", image.size, RAINBOWS[name])
        image = Image.composite(
            paper_of_one, rainbow, image.convert("L").point(lambda v: 255 * (v > 99))
        )
    if name == "badge":
        disc = Image.new("L", image.size)
        ImageDraw.Draw(disc).ellipse([8, 8, 312, 312], 255)
        badge = Image.new("RGB", image.size, "white")
        badge.paste(ImageOps.invert(image).point(lambda v: min(v + 60, 255)), mask=disc)
        image = badge
    if name == "blur":
        image = image.filter(ImageFilter.GaussianBlur(7))
    if name == "white on a blackboard":
        image = ImageOps.invert(image)
    if name == "tiny in a corner":
        large = Image.new("RGB", (900, 700), (235, 235, 235))
        large.paste(image.crop((90, 30, 240, 290)).resize((38, 65)), (845, 10))
        image = large
    if name == "touches the edge":
        image = image.crop((95, 46, 226, 276))
    return image


ON_COLOUR = {
    "blue on yellow": ((30, 40, 140), (245, 230, 120)),
    "red on green": ((200, 30, 30), (30, 120, 30)),
    "orange on grey": ((250, 130, 40), (155, 155, 155)),
}
"""Ink and paper; of the last two the luminance is the same."""
RAINBOWS = {"rainbow on black": "black", "rainbow on white": "white"}
"""Paper on which each part of the digit has another colour."""
SCENES = [
    "plain",
    "hair-thin",
    "hairline",
    "spray",
    "badge",
    *RAINBOWS,
    "very thick",
    "shadow",
    "noise",
    "squared paper",
    "faint pencil",
    *ON_COLOUR,
    "specks",
    "frame",
    "blur",
    "white on a blackboard",
    "tiny in a corner",
    "touches the edge",
]


@pytest.mark.parametrize("name", SCENES)
def test_digit_is_named_in(name: str, recognizer: Recognizer) -> None:
    prepared = prepare(scene(name))
    assert recognizer.predict(prepared.image).digit == 3
    assert 13.4 < (prepared.image.sum(1) * np.arange(28)).sum() / prepared.image.sum() < 14.6


def test_line_thinner_than_a_pixel_is_seen_whole() -> None:
    _, parts = label_components(find_ink(scene("hairline")).mask)
    assert len(parts) == 1


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(Image.new("L", (200, 200), 128), id="one grey"),
        pytest.param(
            Image.linear_gradient("L").point(lambda v: 120 + v // 16), id="faint gradient"
        ),
        pytest.param(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), id="transparent"),
        pytest.param(Image.new("L", (1, 1)), id="one pixel"),
        pytest.param(Image.new("I;16", (30, 30), 40_000), id="16 bits, one tone"),
        pytest.param(Image.new("RGB", (90, 90), "teal"), id="one colour"),
        pytest.param(Image.new("CMYK", (90, 90), (90, 20, 10, 0)), id="one colour, to be printed"),
    ],
)
def test_blank_is_said(picture: Image.Image) -> None:
    with pytest.raises(BlankPicture, match="No ink stands out"):
        prepare(picture)


def test_blank_is_said_where_no_ink_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.preprocessing.normalize_stroke_width", lambda ink, _: ink * 0)
    with pytest.raises(BlankPicture, match="No ink stands out"):
        prepare(scene("plain"))


@pytest.mark.parametrize("size", [(1, 70_000), (70_000, 1), (300, 2)])
@pytest.mark.parametrize("mode", ["L", "RGBA", "1", "F"])
def test_strip_is_prepared(size: tuple[int, int], mode: str) -> None:
    strip = Image.new("L", size, 255)
    strip.paste(0, (0, 0, max(1, size[0] // 4), max(1, size[1] // 4)))
    assert prepare(strip.convert(mode)).image.any()


def test_what_is_no_number_counts_as_paper() -> None:
    numbers = np.zeros((60, 60), np.float32)
    numbers[10:50, 25:30] = 1
    expected = prepare(Image.fromarray(numbers)).image
    numbers[0, 0], numbers[59, 59] = np.nan, -np.inf
    assert np.array_equal(prepare(Image.fromarray(numbers)).image, expected)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_large_picture_of_16_bits_is_seen_like_one_of_8(mode: str) -> None:
    grey = scene("plain").convert("L").resize((900, 700))
    numbers = np.asarray(grey).astype({"I;16": "<u2", "I;16B": ">u2", "I": "i4"}[mode]) * 257
    picture = Image.frombytes(mode, grey.size, numbers.tobytes())
    seen, expected = prepare(picture).image, prepare(grey).image
    assert np.abs(seen.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("mode", ["P", "RGBA", "I;16", "F"])
def test_photo_takes_little_memory_beside_its_pixels(mode: str) -> None:
    """A file of a few hundred kB can hold this many."""
    script = f"""
import resource, sys
from PIL import Image
from app.preprocessing import prepare
picture = Image.new({mode!r}, (5000, 4000), (0, 0, 0, 255) if {mode!r} == "RGBA" else 0)
picture.paste((200, 0, 0, 255) if {mode!r} == "RGBA" else 200, (1000, 500, 1500, 3500))
if {mode!r} in ("RGBA", "P"):
    picture.info["transparency"] = 7
    picture.paste((0, 0, 0, 0) if {mode!r} == "RGBA" else 7, (0, 0, 9, 9))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
prepare(picture)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (5000 * 4000))
"""
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert float(result.stdout) < 12  # bytes a pixel; 4 are the picture's own


def test_ink_is_full_where_the_pen_was_and_none_on_the_paper() -> None:
    ink = find_ink(scene("shadow"))
    assert ink.polarity == "dark_on_light"
    assert ink.amount[70, 110] > 0.8
    assert ink.amount[300, 300] < 0.1


def far_away(size: tuple[int, int], *, noise: float = 3) -> Image.Image:
    """A page with a 3 of 85 × 150 pixels, lit from the left."""
    paper = np.linspace(235, 190, size[0])[None] * np.ones((size[1], 1))
    paper += np.random.default_rng(0).normal(0, noise, paper.shape)
    image = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    x, y = size[0] - 300, size[1] - 250
    points = [(0, 0), (80, 0), (35, 60), (80, 90), (70, 140), (5, 145)]
    ImageDraw.Draw(image).line([(x + i, y + j) for i, j in points], 60, 12, joint="curve")
    return image


@pytest.mark.parametrize("size", [(1600, 1200), (4000, 3000)])
def test_small_digit_of_a_large_photo_is_seen_as_sharply_as_a_large_one(
    size: tuple[int, int],
) -> None:
    near, far = prepare(far_away((400, 300))), prepare(far_away(size))
    left, top, right, bottom = near.bounding_box
    x, y = size[0] - 400, size[1] - 300
    assert far.bounding_box == pytest.approx((left + x, top + y, right + x, bottom + y), abs=2)
    assert far.frame == pytest.approx(np.add(near.frame, (x, y, x, y)), abs=8)
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]  # by which rounding may move it
    moved = [np.roll(far.image.astype(int), shift, (0, 1)) for shift in shifts]
    assert min(np.abs(image - near.image).mean() for image in moved) < 4


def test_other_digits_beside_a_small_one_are_told() -> None:
    photo = far_away((4000, 3000))
    photo.paste(photo.crop((3650, 2700, 3850, 2950)), (3000, 2700))
    assert prepare(photo).several_digits


def test_little_ink_is_found_in_noise() -> None:
    picture = Image.new("L", (400, 300), 120)
    noise = np.random.default_rng(0).normal(0, 4, (300, 400))
    picture = Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))
    with pytest.raises(BlankPicture):
        prepare(picture)
    ImageDraw.Draw(picture).line([(300, 200), (302, 216)], 70, 3)
    assert prepare(picture).bounding_box == pytest.approx((299, 200, 305, 217), abs=2)
