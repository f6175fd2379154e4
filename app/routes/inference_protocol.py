"""``/v2``: the Open Inference Protocol, as KServe's and Triton's clients speak it.

The graph as it is: input ``images`` uint8 ``[N, 28, 28]``, bright ink on dark; outputs by their
names. Tensors come and go as JSON, or as bytes behind it (the extension ``binary_tensor_data``).
Errors are problem details, as everywhere, with the protocol's member ``error``.
"""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from math import prod
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response
from numpy.typing import NDArray

from app.answers import encode
from app.pipeline import Pipeline
from app.preprocessing import SIDE
from app.problems import InvalidTensor, TooManyImages
from app.recognizer import ENGINE_BATCH, OUTPUTS
from app.routes.predict import AT_THE_GATE, problem_responses
from app.routes.tensors import MOST_NUMBERS_IN_JSON, parameters_of, read_images, split_body
from app.server.gate import Gate
from app.uploads import read_body

NAME, VERSION = "digits", "1"
JSON_LENGTH = "Inference-Header-Content-Length"

SMALL_BYTES = 4096
"""A body with a few images: it is answered on the event loop, in a millisecond."""

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
MODEL = f"/models/{NAME}"
OF_VERSION = f"{MODEL}/versions/{VERSION}"

_PROBLEMS = problem_responses(
    {400: "The request is not valid.", **AT_THE_GATE, 413: "Too many bytes, or too many images."}
)


@router.get("", summary="The server")
async def server() -> dict[str, Any]:
    """Name, version and extensions."""
    return {
        "name": "tinydigits",
        "version": version("tinydigits"),
        "extensions": ["binary_tensor_data"],
    }


@router.get("/health/live", summary="Is the process alive?")
async def live() -> dict[str, bool]:
    """Answers as long as the event loop turns."""
    return {"live": True}


@router.get("/health/ready", summary="Should traffic be sent here?")
@router.get(f"{MODEL}/ready", summary="Should traffic be sent here?")
@router.get(f"{OF_VERSION}/ready", include_in_schema=False)
async def ready(request: Request) -> dict[str, Any]:
    """Answers 200 from when the checkpoint is loaded until the service is told to stop."""
    gate: Gate = request.app.state.gate
    if gate.draining:
        raise HTTPException(503, "The service is stopping.")
    return {"name": NAME, "ready": True}


@router.get(MODEL, summary="The model")
@router.get(OF_VERSION, include_in_schema=False)
async def model() -> dict[str, Any]:
    """Names, types and shapes of its input and outputs."""
    return {
        "name": NAME,
        "versions": [VERSION],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "images", "datatype": "UINT8", "shape": [-1, SIDE, SIDE]}],
        "outputs": [
            {"name": name, "datatype": "FP32", "shape": [-1, *shape]}
            for name, (_, shape) in OUTPUTS.items()
        ],
    }


@router.post(
    f"{MODEL}/infer",
    summary="Run the network",
    responses=_PROBLEMS,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
@router.post(f"{OF_VERSION}/infer", include_in_schema=False)
async def infer(request: Request) -> Response:
    """One tensor `images`, UINT8 [N, 28, 28], bright ink on dark; all outputs, or those named."""
    pipeline: Pipeline = request.app.state.pipeline
    pipeline.refuse_if_threads_are_busy()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise InvalidTensor("Compressed requests are not accepted.")
    limit = pipeline.settings.max_batch_bytes
    body = bytes(await read_body(request, limit, limit))
    length = request.headers.get(JSON_LENGTH)
    if len(body) <= SMALL_BYTES:
        return _infer(pipeline, body, length)
    return await pipeline.in_thread(partial(_infer, pipeline, body, length))


def _infer(pipeline: Pipeline, body: bytes, json_length: str | None) -> Response:
    """Answer a request's body."""
    header, tensors = split_body(body, json_length)
    images = read_images(header, tensors)
    if len(images) > pipeline.settings.max_batch_images:
        raise TooManyImages(f"Send at most {pipeline.settings.max_batch_images:,} images.")
    wanted = _outputs(header)
    as_json = [prod(OUTPUTS[name][1]) for name, as_bytes in wanted.items() if not as_bytes]
    if len(images) * sum(as_json) > MOST_NUMBERS_IN_JSON:
        raise InvalidTensor("This is too much for JSON; ask for bytes, or for fewer outputs.")
    pieces = [
        pipeline.recognizer.run(list(wanted), images[start : start + ENGINE_BATCH])
        for start in range(0, len(images), ENGINE_BATCH)
    ]
    results = map(np.concatenate, zip(*pieces, strict=True))
    return _response(header, dict(zip(wanted, results, strict=True)), wanted)


def _outputs(header: dict[str, Any]) -> dict[str, bool]:
    """Names of the outputs that are asked for, and whether each is to be bytes."""
    all_binary = bool(parameters_of(header).get("binary_data_output", False))
    asked = header.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not isinstance(asked, list):
        raise InvalidTensor("The outputs are not a list.")
    wanted: dict[str, bool] = {}
    for output in asked:
        name = output.get("name") if isinstance(output, dict) else None
        if not isinstance(name, str) or name not in OUTPUTS:
            raise InvalidTensor(f"There is no output {name!r}; there are {', '.join(OUTPUTS)}.")
        wanted[name] = bool(parameters_of(output).get("binary_data", all_binary))
    return wanted


def _response(
    header: dict[str, Any], results: dict[str, NDArray[np.float32]], as_bytes: dict[str, bool]
) -> Response:
    outputs, tensors = [], []
    for name, values in results.items():
        output: dict[str, Any] = {"name": name, "datatype": "FP32", "shape": values.shape}
        if as_bytes[name]:
            tensors.append(np.ascontiguousarray(values, "<f4").tobytes())
            output["parameters"] = {"binary_data_size": len(tensors[-1])}
        else:
            output["data"] = values.ravel()
        outputs.append(output)
    content: dict[str, Any] = {"model_name": NAME, "model_version": VERSION, "outputs": outputs}
    if "id" in header:
        content["id"] = header["id"]
    head = encode(content)
    if not tensors:
        return Response(head, media_type="application/json")
    headers = {JSON_LENGTH: str(len(head))}
    return Response(b"".join([head, *tensors]), 200, headers, "application/octet-stream")
