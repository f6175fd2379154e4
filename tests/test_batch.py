"""``POST /predict/batch``: every way to send many digits, and what can be wrong with one."""

import io
import json
import struct
import sys
import urllib.request

import numpy as np
import pytest
from conftest import DIGITS, idx, label_of, npy, pixels_of
from fastapi.testclient import TestClient
from PIL import Image, ImageOps
from service_process import ServiceProcess

from app import pipeline
from app.application import create_app
from app.preprocessing import Prepared
from app.recognizer import Recognizer
from app.routes.schemas import BatchOut
from app.settings import Settings

LABELS = [label_of(path) for path in DIGITS]
IMAGES = np.stack([pixels_of(path) for path in DIGITS])
COUNT = len(DIGITS)


def npy_with_header(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


ARRAYS = {"IDX": idx(IMAGES), "npy": npy(IMAGES), "bare": IMAGES.tobytes()}


@pytest.mark.parametrize("form", ARRAYS)
def test_array_is_answered_in_order(client: TestClient, form: str) -> None:
    response = client.post("/predict/batch", content=ARRAYS[form])
    assert [one["digit"] for one in response.json()["answers"]] == LABELS


def test_files_are_answered_in_order(client: TestClient) -> None:
    files = [("file", path.read_bytes()) for path in DIGITS]
    response = client.post("/predict/batch", files=files)
    assert [one["digit"] for one in response.json()["answers"]] == LABELS


def test_answer_is_that_of_a_single_picture(client: TestClient) -> None:
    data = DIGITS[0].read_bytes()
    (one,) = client.post("/predict/batch", files={"file": data}).json()["answers"]
    assert one == client.post("/predict", content=data).json()


def test_array_and_single_picture_give_the_same_numbers(client: TestClient) -> None:
    answers = client.post("/predict/batch", content=idx(IMAGES)).json()["answers"]
    for answer, path in zip(answers, DIGITS, strict=True):
        single = client.post("/predict", content=path.read_bytes()).json()
        assert answer["log_probabilities"] == pytest.approx(single["log_probabilities"], abs=1e-5)
        assert answer["confidence"] == pytest.approx(single["confidence"])


def test_answers_are_as_documented(client: TestClient) -> None:
    images = IMAGES.copy()
    images[3] = 0
    out = BatchOut.model_validate(client.post("/predict/batch", content=idx(images)).json())
    assert len(out.answers) == COUNT


@pytest.mark.parametrize("form", ["files", "array"])
def test_defect_in_one_picture_is_told_in_its_place(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    prepare = pipeline.prepare

    def defective(picture: Image.Image) -> Prepared:
        if np.array_equal(np.asarray(picture), IMAGES[1]):
            raise IndexError("ours")
        return prepare(picture)

    monkeypatch.setattr(pipeline, "prepare", defective)
    if form == "files":
        files = [("file", path.read_bytes()) for path in DIGITS[:3]]
        response = client.post("/predict/batch", files=files)
    else:
        response = client.post("/predict/batch?preprocess=auto", content=npy(IMAGES[:3]))
    first, second, third = response.json()["answers"]
    assert (first["digit"], third["digit"]) == (LABELS[0], LABELS[2])
    assert second["status"] == 500
    assert second["title"] == "Internal Server Error"
    assert "IndexError: ours" in caplog.text
    BatchOut.model_validate(response.json())


def test_lines_are_streamed_if_asked(client: TestClient) -> None:
    whole = client.post("/predict/batch", content=idx(IMAGES)).json()["answers"]
    response = client.post(
        "/predict/batch", content=idx(IMAGES), headers={"Accept": "application/x-ndjson"}
    )
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in response.text.splitlines()] == whole


def test_first_line_comes_before_the_last_is_known(service: str) -> None:
    images = np.tile(IMAGES, (200, 1, 1))
    request = urllib.request.Request(
        f"{service}/predict/batch", idx(images), {"Accept": "application/x-ndjson"}
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        assert json.loads(response.readline())["digit"] == LABELS[0]
        assert response.fp.raw is not None
        assert sum(1 for _ in response) == len(images) - 1


def test_empty_array_has_no_answers(client: TestClient) -> None:
    assert client.post("/predict/batch", content=npy(IMAGES[:0])).json() == {"answers": []}


class TestOneBadImage:
    def test_blank_one_of_an_array(self, client: TestClient) -> None:
        images = IMAGES.copy()
        images[7] = 0
        answers = client.post("/predict/batch", content=idx(images)).json()["answers"]
        assert answers[7]["type"] == "urn:tinydigits:blank-picture"
        assert answers[7]["status"] == 422
        assert [one.get("digit") for one in answers] == [*LABELS[:7], None, *LABELS[8:]]

    @pytest.mark.parametrize(
        ("data", "slug"),
        [
            (b"", "empty-file"),
            (b"seven", "not-an-image"),
            (DIGITS[0].read_bytes()[:100], "damaged-image"),
            (b"%PDF-1.7", "unsupported-format"),
        ],
    )
    def test_bad_file_among_good_ones(self, client: TestClient, data: bytes, slug: str) -> None:
        files = [("file", path.read_bytes()) for path in DIGITS[:20]]
        files.insert(17, ("file", ("x.png", data)))
        answers = client.post("/predict/batch", files=files).json()["answers"]
        assert answers[17]["type"] == f"urn:tinydigits:{slug}"
        del answers[17]
        assert [one["digit"] for one in answers] == LABELS[:20]


class TestPreprocessing:
    moved = np.roll(IMAGES, (3, 2), axis=(1, 2))

    def test_array_is_taken_as_it_is(self, client: TestClient, recognizer: Recognizer) -> None:
        answers = client.post("/predict/batch", content=idx(self.moved)).json()["answers"]
        expected = recognizer.log_probabilities(self.moved)
        assert [one["log_probabilities"] for one in answers] == [
            pytest.approx(row.tolist(), abs=1e-4) for row in expected
        ]
        assert "preprocessing" not in answers[0]

    def test_array_is_prepared_if_asked(self, client: TestClient) -> None:
        url = "/predict/batch?preprocess=auto"
        answers = client.post(url, content=idx(255 - self.moved)).json()["answers"]
        assert [one["digit"] for one in answers] == LABELS
        assert {one["preprocessing"]["polarity"] for one in answers} == {"dark_on_light"}

    def test_file_is_prepared(self, client: TestClient) -> None:
        buffer = io.BytesIO()
        ImageOps.invert(Image.open(DIGITS[0])).resize((300, 300)).save(buffer, "PNG")
        (one,) = client.post("/predict/batch", files={"file": buffer.getvalue()}).json()["answers"]
        assert one["digit"] == LABELS[0]
        assert one["preprocessing"]["applied"] is True

    def test_file_has_to_be_28_by_28_if_asked(self, client: TestClient) -> None:
        buffer = io.BytesIO()
        Image.new("L", (30, 30), 9).save(buffer, "PNG")
        url = "/predict/batch?preprocess=none"
        (one,) = client.post(url, files={"file": buffer.getvalue()}).json()["answers"]
        assert one["type"] == "urn:tinydigits:not-network-input"


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }"
BODIES = {
    "nothing": (b"", 400, "no-file", "Send an array"),
    "IDX that promises more": (idx(IMAGES, 41), 400, "malformed-array", "promises 41 images"),
    "IDX that promises less": (idx(IMAGES, 39), 400, "malformed-array", "promises 39 images"),
    "IDX that promises 4 billion": (
        idx(IMAGES, 2**32 - 1),
        400,
        "malformed-array",
        "promises 4,294,967,295 images",
    ),
    "IDX cut in its header": (idx(IMAGES)[:10], 400, "malformed-array", "breaks off"),
    "IDX of labels": (b"\0\0\x08\x01\0\0\0\x01\x07", 415, "not-a-batch", "3 dimensions"),
    "IDX of another size": (idx(np.zeros((4, 32, 32), np.uint8)), 415, "not-a-batch", "32 × 32"),
    "npy of floats": (npy(IMAGES / 255), 415, "not-a-batch", "<f8 (40, 28, 28)"),
    "npy of another shape": (npy(IMAGES.reshape(-1, 784)), 415, "not-a-batch", "(40, 784)"),
    "npy in Fortran's order": (npy(np.asfortranarray(IMAGES)), 415, "not-a-batch", "Fortran"),
    "npy of objects": (
        npy(np.array([None, {}]), allow_pickle=True),
        415,
        "not-a-batch",
        "holds |O (2,)",
    ),
    "npy that promises more": (
        npy_with_header(HEADER % "10**9, 28, 28".replace("10**9", "1000000000"), bytes(784)),
        400,
        "malformed-array",
        "promises 1,000,000,000 images",
    ),
    "npy that promises less than none": (
        npy_with_header(HEADER % "-1, 28, 28"),
        400,
        "malformed-array",
        "promises -1 images",
    ),
    "npy that promises a number too long to write": (
        npy_with_header(HEADER % f"0x{'f' * 3900}, 28, 28"),
        400,
        "malformed-array",
        "header can't be read",
    ),
    "npy of a size too long to write": (
        npy_with_header(HEADER % f"1, 28, 0x{'f' * 3900}"),
        400,
        "malformed-array",
        "header can't be read",
    ),
    "npy whose number of bytes is too long to write": (
        npy_with_header(HEADER % f"0x{'f' * 3570}, 28, 28"),
        400,
        "malformed-array",
        " images of 784 bytes each; 0 bytes follow it",
    ),
    "npy with code for a header": (
        npy_with_header("__import__('os').system('true')"),
        400,
        "malformed-array",
        "header can't be read",
    ),
    "npy with a deep header": (npy_with_header("(" * 4000), 400, "malformed-array", "can't be"),
    "npy without its header": (npy(IMAGES)[:40], 400, "malformed-array", "breaks off"),
    "npy of an unknown version": (b"\x93NUMPY\x09\x00", 400, "malformed-array", "version"),
    "a picture": (DIGITS[0].read_bytes(), 415, "not-a-batch", "neither IDX nor .npy"),
    "bare pixels cut": (IMAGES.tobytes()[:-1], 415, "not-a-batch", "a multiple of 784"),
}


@pytest.mark.parametrize("case", BODIES)
def test_bad_array(client: TestClient, case: str) -> None:
    body, status, slug, words = BODIES[case]
    response = client.post("/predict/batch", content=body)
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["type"]) == (status, f"urn:tinydigits:{slug}")
    assert words in problem["detail"]


def test_form_without_files(client: TestClient) -> None:
    response = client.post("/predict/batch", files={"picture": b"1"})
    assert response.json()["type"] == "urn:tinydigits:no-file"


def test_unknown_preprocessing_is_named(client: TestClient) -> None:
    response = client.post("/predict/batch?preprocess=some", content=idx(IMAGES))
    assert response.status_code == 422
    assert "'auto' or 'none'" in response.json()["detail"]


class TestLimits:
    @pytest.fixture
    def client(self, recognizer: Recognizer) -> TestClient:
        settings = Settings(max_batch_images=10, max_batch_bytes=10_000)
        with TestClient(create_app(settings, recognizer)) as client:
            yield client

    def test_batch_within_the_limits_is_answered(self, client: TestClient) -> None:
        assert len(client.post("/predict/batch", content=idx(IMAGES[:10])).json()["answers"]) == 10

    @pytest.mark.parametrize("chunked", [False, True])
    def test_too_many_bytes(self, client: TestClient, chunked: bool) -> None:
        body = idx(IMAGES[:13])
        response = client.post("/predict/batch", content=iter([body]) if chunked else body)
        assert response.status_code == 413
        assert "10,000 bytes" in response.json()["detail"]

    def test_too_many_images(self, client: TestClient) -> None:
        response = client.post("/predict/batch", content=idx(IMAGES[:11]))
        assert response.status_code == 413
        assert response.json()["type"] == "urn:tinydigits:too-many-images"

    def test_too_many_files(self, client: TestClient) -> None:
        files = [("file", path.read_bytes()) for path in DIGITS[:11]]
        response = client.post("/predict/batch", files=files)
        assert response.status_code == 413
        assert response.json()["type"] == "urn:tinydigits:too-many-images"


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_memory_of_large_bodies_is_given_back() -> None:
    body = idx(np.tile(IMAGES, (250, 1, 1)))
    with ServiceProcess() as service:

        def megabytes_after_a_batch() -> float:
            request = urllib.request.Request(f"{service.url}/predict/batch", body)
            with urllib.request.urlopen(request, timeout=300) as response:
                response.read()
            # Answered after the batch has let go of its memory, for which its answer does not wait.
            with urllib.request.urlopen(f"{service.url}/health/live", timeout=300) as response:
                response.read()
            return service.resident_bytes() / 1e6

        first = megabytes_after_a_batch()
        assert max(megabytes_after_a_batch() for _ in range(4)) < first + len(body) / 1e6
