"""Bad input: each case gets its status and a problem that says what was wrong."""

import io
import struct
import zlib

import numpy as np
import pytest
from conftest import DIGITS
from fastapi.testclient import TestClient
from PIL import Image

from app.application import create_app
from app.recognizer import Prediction, Recognizer
from app.settings import Settings

PNG = DIGITS[0].read_bytes()


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


BODIES = {
    "nothing": (b"", 400, "no-file", "Send a PNG, JPEG"),
    "text": (b"seven", 415, "not-an-image", "The 5 bytes are not an image"),
    "random bytes": (bytes(range(256)) * 9, 415, "not-an-image", "2,304 bytes"),
    "PDF": (b"%PDF-1.7 ...", 415, "unsupported-format", "PDF files are not accepted"),
    "SVG": (b"<svg xmlns=''/>", 415, "unsupported-format", "SVG files are not accepted"),
    "HEIC": (b"\0\0\0\x18ftypheic....", 415, "unsupported-format", "HEIC files"),
    "ICO": (encoded(Image.new("L", (16, 16)), "ICO"), 415, "unsupported-format", "ICO files"),
    "PPM": (encoded(Image.new("L", (16, 16)), "PPM"), 415, "not-an-image", "PNG, JPEG"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "unsupported-format", "PostScript files"),
    "truncated PNG": (PNG[:120], 400, "damaged-image", "can't be decoded"),
    "PNG header only": (PNG[:33], 400, "damaged-image", "breaks off"),
    "damaged PNG": (PNG[:60] + b"\0" * 40 + PNG[100:], 400, "damaged-image", "can't be decoded"),
    "too many pixels": (png_that_claims(10_000, 10_000), 413, "too-many-pixels", "10000 × 10000"),
    "small file of too many pixels to decode at once": (
        encoded(Image.new("1", (9000, 9000))),
        413,
        "too-many-pixels",
        "9000 × 9000",
    ),
    "bomb": (png_that_claims(2**31 - 1, 2**31 - 1), 413, "too-many-pixels", "at most 50,000,000"),
    "blank white": (encoded(Image.new("L", (90, 90), 255)), 422, "blank-picture", "No ink"),
    "blank black": (encoded(Image.new("L", (28, 28))), 422, "blank-picture", "No ink"),
    "blank grey": (encoded(Image.new("RGB", (50, 90), "grey")), 422, "blank-picture", "No ink"),
    "transparent": (encoded(Image.new("RGBA", (90, 90))), 422, "blank-picture", "No ink"),
    "one pixel": (encoded(Image.new("L", (1, 1), 9)), 422, "blank-picture", "No ink"),
}


def photo_with_damaged_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(buffer, "WEBP", exif=exif)
    return buffer.getvalue().replace(b"MM\0*", b"MZ\0*").replace(b"II*\0", b"IZ*\0")


BODIES["damaged metadata"] = (
    photo_with_damaged_metadata(),
    400,
    "damaged-image",
    "can't be decoded",
)


def png_without_its_palette() -> bytes:
    png = encoded(Image.new("P", (40, 30)))
    at = png.index(b"PLTE") - 4
    return png[:at] + png[at + 12 + int.from_bytes(png[at : at + 4], "big") :]


BODIES["no palette"] = (png_without_its_palette(), 400, "damaged-image", "palette is missing")


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("way", ["bare", "form"])
def test_bad_picture(client: TestClient, case: str, way: str) -> None:
    body, status, slug, words = BODIES[case]
    if way == "form":
        slug = "empty-file" if slug == "no-file" else slug
        words = "The file has no bytes" if slug == "empty-file" else words
        response = client.post("/predict", files={"file": ("picture", body)})
    else:
        response = client.post("/predict", content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"urn:tinydigits:{slug}"
    assert problem["status"] == status
    assert words in problem["detail"]


def part(name: str, data: bytes = PNG) -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x.png"\r\n\r\n'
    return head.encode() + data + b"\r\n"


FORMS = {
    "no part named file": (part("picture") + b"--b--\r\n", "no-file", "no part named file"),
    "two files": (part("file") * 2 + b"--b--\r\n", "too-many-files", "2 files"),
    "two files of different names": (
        part("file") + part("other") + b"--b--\r\n",
        "too-many-files",
        "2 files",
    ),
    "thousand fields": (
        part("file") + b"--b\r\n\r\n\r\n" * 1000 + b"--b--\r\n",
        "too-many-files",
        "too many parts",
    ),
    "broken off": (part("file"), "malformed-form", "breaks off"),
    "no form at all": (PNG, "malformed-form", "can't be parsed"),
    "empty": (b"", "malformed-form", "breaks off"),
}


@pytest.mark.parametrize("case", FORMS)
def test_bad_form(client: TestClient, case: str) -> None:
    body, slug, words = FORMS[case]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    problem = client.post("/predict", content=body, headers=headers)
    assert problem.status_code == 400
    assert problem.json()["type"] == f"urn:tinydigits:{slug}"
    assert words in problem.json()["detail"]


def test_form_without_boundary(client: TestClient) -> None:
    problem = client.post("/predict", content=PNG, headers={"Content-Type": "multipart/form-data"})
    assert problem.json()["detail"] == "The Content-Type names no boundary."


def test_boundary_that_is_too_long(client: TestClient) -> None:
    boundary = b"b" * 257
    body = (part("x") + part("file") + b"--b--\r\n").replace(b"--b", b"--" + boundary)
    headers = {"Content-Type": b"multipart/form-data; boundary=" + boundary}
    problem = client.post("/predict", content=body, headers=headers).json()
    assert problem["type"] == "urn:tinydigits:malformed-form"
    assert "257" in problem["detail"]


class TestLimits:
    @pytest.fixture
    def client(self, recognizer: Recognizer) -> TestClient:
        settings = Settings(max_upload_bytes=1000, max_pixels=1000)
        with TestClient(create_app(settings, recognizer)) as client:
            yield client

    def test_file_within_the_limits_is_answered(self, client: TestClient) -> None:
        assert client.post("/predict", content=PNG).status_code == 200

    @pytest.mark.parametrize("chunked", [False, True])
    def test_too_many_bytes(self, client: TestClient, chunked: bool) -> None:
        body = iter([PNG, bytes(800)]) if chunked else PNG + bytes(800)
        problem = client.post("/predict", content=body)
        assert problem.status_code == 413
        assert problem.json()["detail"].startswith("At most 1,000 bytes are accepted")

    def test_too_many_bytes_in_a_form(self, client: TestClient) -> None:
        problem = client.post("/predict", files={"file": PNG + bytes(800)})
        assert problem.status_code == 413

    def test_too_many_pixels(self, client: TestClient) -> None:
        problem = client.post("/predict", content=encoded(Image.new("1", (40, 26))))
        assert problem.status_code == 413
        assert "40 × 26 pixels; at most 1,000" in problem.json()["detail"]

    def test_endless_upload_is_refused_while_it_comes(self, client: TestClient) -> None:
        sent = 0

        def endless() -> object:
            nonlocal sent
            while sent < 100:
                sent += 1
                yield bytes(500)

        assert client.post("/predict", content=endless()).status_code == 413


def test_unknown_option_is_named(client: TestClient) -> None:
    problem = client.post("/predict?include=everything", content=PNG)
    assert problem.status_code == 422
    assert problem.json()["detail"] == ("query include 0: Input should be 'image' or 'class_maps'")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/x", 404), ("GET", "/predict", 405)]
)
def test_framework_errors_are_problems_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


def test_defect_of_ours_is_a_problem_too(recognizer: Recognizer) -> None:
    class Broken(Recognizer):
        def __init__(self) -> None:
            self.checkpoint = recognizer.checkpoint
            self.asked = 0

        def predict(self, image: np.ndarray) -> Prediction:
            self.asked += 1
            if self.asked > 1:  # the first is the warm-up at the start
                raise RuntimeError("engine failure")
            return recognizer.predict(image)

    with TestClient(create_app(Settings(), Broken()), raise_server_exceptions=False) as client:
        response = client.post("/predict", content=PNG)
    assert response.status_code == 500
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
    }
