"""``POST /predict`` with real digits, sent in every way and drawn in every manner."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import DIGITS, label_of, pixels_of
from fastapi.testclient import TestClient
from PIL import Image, ImageOps

from app.recognizer import Recognizer

SEVEN = next(path for path in DIGITS if label_of(path) == 7)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def seen(answer: dict[str, str]) -> np.ndarray:
    """The 28×28 that the network saw, from the data URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["image"].partition(",")[2]))))


def drawn(size: int = 300, at: tuple[int, int] = (60, 40), scale: int = 5) -> Image.Image:
    """The seven as a dark-on-light picture of any size, the digit anywhere on it."""
    ink = ImageOps.invert(Image.open(SEVEN)).resize((28 * scale, 28 * scale), Image.BICUBIC)
    canvas = Image.new("L", (size, size), 255)
    canvas.paste(ink, at)
    return canvas


@pytest.mark.parametrize("path", DIGITS, ids=lambda path: path.stem)
def test_names_the_committed_digits(client: TestClient, path: Path) -> None:
    answer = client.post("/predict", files={"file": path.read_bytes()}).json()
    assert answer["digit"] == label_of(path)
    assert answer["preprocessing"]["applied"] is False


def test_bare_body_and_form_answer_alike(client: TestClient) -> None:
    data = SEVEN.read_bytes()
    form = client.post("/predict", files={"file": ("a.png", data, "image/png")})
    bare = client.post("/predict", content=data, headers={"Content-Type": "image/png"})
    assert form.status_code == bare.status_code == 200
    assert form.json() == bare.json()


def test_other_fields_of_a_form_are_ignored(client: TestClient) -> None:
    answer = client.post("/predict", files={"file": SEVEN.read_bytes()}, data={"comment": "a 7"})
    assert answer.json()["digit"] == 7


def test_answer_is_the_networks(client: TestClient, recognizer: Recognizer) -> None:
    answer = client.post("/predict", content=SEVEN.read_bytes()).json()
    expected = recognizer.log_probabilities(pixels_of(SEVEN)[None])[0]
    assert answer["log_probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert answer["confidence"] == pytest.approx(float(np.exp(expected[7])))
    assert sum(np.exp(answer["log_probabilities"])) == pytest.approx(1)
    assert "image" not in answer


def test_grey_digit_of_28_by_28_is_seen_untouched(client: TestClient) -> None:
    for path in DIGITS:
        answer = client.post("/predict?include=image", content=path.read_bytes()).json()
        assert np.array_equal(seen(answer), pixels_of(path)), path.name


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_accepts_format(client: TestClient, kind: str) -> None:
    answer = client.post("/predict", content=encoded(drawn(), kind))
    assert answer.status_code == 200, answer.text
    assert answer.json()["digit"] == 7


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I"])
def test_accepts_mode(client: TestClient, mode: str) -> None:
    image = drawn()
    if mode.startswith("I"):
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257).convert(mode)
    else:
        image = image.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "I") else "PNG"
    assert client.post("/predict", content=encoded(image, kind)).json()["digit"] == 7


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(drawn(), id="dark on light"),
        pytest.param(ImageOps.invert(drawn()), id="light on dark"),
        pytest.param(drawn(1200, (900, 30), 8), id="small in a corner"),
        pytest.param(drawn(140, (0, 0), 5), id="fills the picture"),
        pytest.param(drawn(60, (20, 25), 1), id="tiny"),
        pytest.param(drawn(2000, (100, 100), 60), id="large"),
        pytest.param(ImageOps.invert(Image.open(SEVEN)), id="28 by 28, dark on light"),
        pytest.param(ImageOps.colorize(drawn(), "#203080", "#f5e6c8"), id="ink on paper"),
    ],
)
def test_finds_the_digit(client: TestClient, picture: Image.Image) -> None:
    answer = client.post("/predict?include=image", content=encoded(picture)).json()
    assert answer["digit"] == 7
    assert answer["preprocessing"]["applied"] is True
    centre = (seen(answer) * np.arange(28)[:, None]).sum() / seen(answer).sum()
    assert 13.4 < centre < 14.6


@pytest.mark.parametrize("colour", [0, 255])
def test_transparent_drawing_is_read_from_its_alpha(client: TestClient, colour: int) -> None:
    alpha = ImageOps.invert(drawn())
    shade = Image.new("L", alpha.size, colour)
    image = Image.merge("RGBA", (shade, shade, shade, alpha))
    answer = client.post("/predict", content=encoded(image)).json()
    assert answer["digit"] == 7
    assert answer["preprocessing"]["polarity"] == "alpha"


def test_photo_is_turned_upright(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown upright when turned by 90° clockwise
    sideways = drawn(300, (20, 40)).transpose(Image.Transpose.ROTATE_90)
    answer = client.post("/predict", content=encoded(sideways, "JPEG", exif=exif)).json()
    assert answer["digit"] == 7


def test_first_frame_of_an_animation_counts(client: TestClient) -> None:
    blank = Image.new("L", (300, 300), 255)
    data = encoded(drawn(), "GIF", save_all=True, append_images=[blank])
    assert client.post("/predict", content=data).json()["digit"] == 7


def test_digit_off_the_centre_is_taken_as_it_is_if_asked(client: TestClient) -> None:
    moved = np.roll(pixels_of(SEVEN), (3, 2), axis=(0, 1))
    data = encoded(Image.fromarray(moved))
    answer = client.post("/predict?preprocess=none&include=image", content=data).json()
    assert np.array_equal(seen(answer), moved)
    assert answer["preprocessing"]["applied"] is False


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(drawn(), id="another size"),
        pytest.param(Image.open(SEVEN).convert("RGBA"), id="with alpha"),
        pytest.param(
            Image.merge("RGB", [Image.open(SEVEN)] * 2 + [Image.new("L", (28, 28))]), id="coloured"
        ),
    ],
)
def test_only_grey_28_by_28_is_taken_as_it_is(client: TestClient, picture: Image.Image) -> None:
    response = client.post("/predict?preprocess=none", content=encoded(picture))
    assert response.status_code == 422
    assert response.json()["type"] == "urn:tinydigits:not-network-input"
    assert "has to be 28 × 28 and grey" in response.json()["detail"]


def test_black_picture_is_blank_without_preparation_too(client: TestClient) -> None:
    black = encoded(Image.new("L", (28, 28)))
    response = client.post("/predict?preprocess=none", content=black)
    assert response.json()["type"] == "urn:tinydigits:blank-picture"


def test_several_digits_are_told(client: TestClient) -> None:
    two = Image.new("L", (400, 200), 255)
    for left in (20, 220):
        two.paste(drawn(200, (30, 30), 5), (left, 0))
    answer = client.post("/predict", content=encoded(two)).json()
    assert answer["several_digits"] is True
    assert client.post("/predict", content=encoded(drawn())).json()["several_digits"] is False


def test_class_maps_average_to_the_logits(client: TestClient) -> None:
    answer = client.post("/predict?include=class_maps", content=SEVEN.read_bytes()).json()
    logits = np.mean(answer["class_maps"], axis=(1, 2))
    assert logits.shape == (10,)
    expected = logits - np.log(np.exp(logits).sum())
    assert answer["log_probabilities"] == pytest.approx(expected, abs=1e-4)


def test_time_spent_is_told(client: TestClient) -> None:
    timing = client.post("/predict", content=SEVEN.read_bytes()).headers["server-timing"]
    assert re.fullmatch(r"preprocess;dur=[\d.]+, infer;dur=[\d.]+", timing)


def test_frame_is_where_the_network_looked(client: TestClient) -> None:
    """What the network saw, cut from the picture by the frame, is what it says that it saw."""
    picture = drawn(600, (300, 100), 10)
    answer = client.post("/predict?include=image", content=encoded(picture)).json()
    frame = answer["preprocessing"]["frame"]
    cut = ImageOps.invert(picture).resize((28, 28), Image.Resampling.BOX, box=frame)
    assert np.corrcoef(np.asarray(cut).ravel(), seen(answer).ravel())[0, 1] > 0.98


def test_frame_of_an_untouched_digit_is_the_picture(client: TestClient) -> None:
    answer = client.post("/predict", content=SEVEN.read_bytes()).json()
    assert answer["preprocessing"]["frame"] == [0, 0, 28, 28]


def test_bounding_box_is_in_pixels_of_the_picture(client: TestClient) -> None:
    canvas = Image.new("L", (1000, 500), 255)
    canvas.paste(0, (600, 100, 640, 300))
    answer = client.post("/predict", content=encoded(canvas)).json()
    assert answer["preprocessing"]["bounding_box"] == pytest.approx([600, 100, 640, 300], abs=3)
    assert answer["digit"] == 1


def test_says_what_is_no_digit(client: TestClient) -> None:
    assert client.post("/predict", content=SEVEN.read_bytes()).json()["is_digit"] is True
    picture = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(picture, "PNG")
    answer = client.post("/predict", content=picture.getvalue()).json()
    assert answer["is_digit"] is False
    assert 0 <= answer["digit"] <= 9
