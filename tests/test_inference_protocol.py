"""The Open Inference Protocol, by Triton's own client and by hand."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import DIGITS, pixels_of
from fastapi.testclient import TestClient
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from app.application import create_app
from app.recognizer import Recognizer
from app.settings import Settings

IMAGES = np.stack([pixels_of(path) for path in DIGITS])
INFER = "/v2/models/digits/infer"


@pytest.fixture
def triton_client(service: str) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(service.removeprefix("http://"))
    yield client
    client.close()


def images_input(images: np.ndarray, *, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput("images", list(images.shape), "UINT8")
    tensor.set_data_from_numpy(images, binary_data=binary)
    return tensor


def test_triton_client_finds_the_model(triton_client: triton.InferenceServerClient) -> None:
    assert triton_client.is_server_live()
    assert triton_client.is_server_ready()
    assert triton_client.is_model_ready("digits")
    assert triton_client.is_model_ready("digits", "1")
    assert not triton_client.is_model_ready("letters")
    assert triton_client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    model = triton_client.get_model_metadata("digits")
    assert model["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28]}]
    shapes = {output["name"]: output["shape"] for output in model["outputs"]}
    assert shapes == {
        "log_probabilities": [-1, 10],
        "class_maps": [-1, 10, 7, 7],
        "novelty": [-1],
    }


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
@pytest.mark.parametrize("count", [1, 40])
def test_triton_client_gets_what_the_network_says(
    triton_client: triton.InferenceServerClient,
    recognizer: Recognizer,
    binary_input: bool,
    binary_output: bool,
    count: int,
) -> None:
    images = IMAGES[:count]
    outputs = [
        triton.InferRequestedOutput("log_probabilities", binary_data=binary_output),
        triton.InferRequestedOutput("class_maps", binary_data=not binary_output),
    ]
    tensor = images_input(images, binary=binary_input)
    result = triton_client.infer("digits", [tensor], outputs=outputs, request_id="mine")
    expected = recognizer.run(["log_probabilities", "class_maps"], images)
    assert result.as_numpy("log_probabilities") == pytest.approx(expected[0], abs=1e-4)
    assert result.as_numpy("class_maps") == pytest.approx(expected[1], abs=1e-3)
    assert result.get_response()["id"] == "mine"
    assert result.as_numpy("novelty") is None


def test_triton_client_gets_all_outputs_by_default(
    triton_client: triton.InferenceServerClient,
) -> None:
    result = triton_client.infer("digits", [images_input(IMAGES)], model_version="1")
    assert result.as_numpy("log_probabilities").shape == (40, 10)
    assert result.as_numpy("class_maps").shape == (40, 10, 7, 7)
    assert result.as_numpy("novelty").shape == (40,)


def test_triton_client_reads_the_error(triton_client: triton.InferenceServerClient) -> None:
    tensor = images_input(np.zeros((1, 20, 20), np.uint8))
    with pytest.raises(InferenceServerException, match=r"The shape of images is \[N, 28, 28\]"):
        triton_client.infer("digits", [tensor])


def body(**changes: Any) -> dict[str, Any]:
    data = IMAGES[0].tolist()
    return {
        "inputs": [
            {"name": "images", "shape": [1, 28, 28], "datatype": "UINT8", "data": [data]} | changes
        ]
    }


def test_data_may_be_nested(client: TestClient) -> None:
    answer = client.post(INFER, json=body()).json()
    assert answer["model_name"] == "digits"
    log_probabilities = answer["outputs"][0]
    assert log_probabilities["shape"] == [1, 10]
    assert int(np.argmax(log_probabilities["data"])) == int(DIGITS[0].name[0])


BROKEN = {
    "no JSON": (b"{", "can't be read"),
    "not UTF-8": (b'{"id": "\xff"}', "can't be read"),
    "not an object": (b"[]", "not an object"),
    "deep": (b"[" * 100_000, "can't be read"),
    "id": ({**body(), "id": 7}, "id"),
    "no input": ({}, "Send one input"),
    "two inputs": ({"inputs": body()["inputs"] * 2}, "Send one input"),
    "input is text": ({"inputs": ["images"]}, "Send one input"),
    "other input": (body(name="image"), "no input 'image'"),
    "float": (body(datatype="FP32"), "UINT8, not 'FP32'"),
    "shape": (body(shape=[28, 28]), "not [28, 28]"),
    "shape of floats": (body(shape=[1.0, 28, 28]), "[N, 28, 28]"),
    "negative shape": (body(shape=[-1, 28, 28]), "[N, 28, 28]"),
    "huge shape": (body(shape=[10**30, 28, 28]), "[N, 28, 28]"),
    "no images": (body(shape=[0, 28, 28], data=[]), "[N, 28, 28]"),
    "too little": (body(data=[1, 2]), "2 values"),
    "ragged": (body(data=[[1], [1, 2]]), "differ in length"),
    "no data": (body(data=None), "numbers from 0 to 255"),
    "text": (body(data="x"), "numbers from 0 to 255"),
    "too bright": (body(data=[256] * 784), "numbers from 0 to 255"),
    "negative": (body(data=[-1] * 784), "numbers from 0 to 255"),
    "fractions": (body(data=[0.5] * 784), "numbers from 0 to 255"),
    "objects": (body(data=[{}] * 784), "numbers from 0 to 255"),
    "parameters": (body(parameters=[1]), "Parameters"),
    "size without bytes": (body(parameters={"binary_data_size": 784}), "0 bytes follow"),
    "other output": ({**body(), "outputs": [{"name": "digit"}]}, "no output 'digit'"),
    "unhashable output": ({**body(), "outputs": [{"name": []}]}, "no output []"),
    "outputs": ({**body(), "outputs": {"name": "novelty"}}, "not a list"),
    "output parameters": (
        {**body(), "outputs": [{"name": "novelty", "parameters": 1}]},
        "Parameters",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_can_not_be_read_is_told(client: TestClient, case: str) -> None:
    content, words = BROKEN[case]
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    response = client.post(INFER, content=data)
    assert response.status_code == 400
    assert words in response.json()["error"]


@pytest.mark.parametrize("length", ["-1", "x", "", "999999", "²", "9" * 5_000, "0" * 5_000])
def test_length_of_the_json_is_checked(client: TestClient, length: str) -> None:
    headers = {"Inference-Header-Content-Length": length.encode("utf-8")}
    response = client.post(INFER, json=body(), headers=headers)
    assert response.status_code == 400


def test_limits_hold(recognizer: Recognizer) -> None:
    settings = Settings(max_batch_images=2, max_batch_bytes=60_000)
    with TestClient(create_app(settings, recognizer)) as client:
        many = body(shape=[3, 28, 28], data=[0] * 3 * 784)
        assert client.post(INFER, json=many).status_code == 413
        assert "at most 2 images" in client.post(INFER, json=many).json()["error"]
        assert client.post(INFER, content=bytes(60_001)).status_code == 413


def test_too_much_for_json_is_told(client: TestClient) -> None:
    """8,372 images, of which the 501 outputs each are over 4 Mi numbers."""
    count = 8_372
    request = body(shape=[count, 28, 28], parameters={"binary_data_size": count * 784})
    del request["inputs"][0]["data"]
    for binary, status in ((False, 400), (True, 200)):
        head = json.dumps({**request, "parameters": {"binary_data_output": binary}}).encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}
        response = client.post(INFER, content=head + bytes(count * 784), headers=headers)
        assert response.status_code == status
        if not binary:
            assert "ask for bytes, or for fewer outputs" in response.json()["error"]


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/digits/versions/2/infer"])
def test_what_is_not_there_is_told_in_the_protocols_way(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"] == "Not Found"


def test_compressed_request_is_refused(client: TestClient) -> None:
    response = client.post(INFER, content=b"x", headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert "Compressed" in response.json()["error"]
