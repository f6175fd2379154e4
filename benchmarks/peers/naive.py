"""The service that one writes by hand: FastAPI's ``UploadFile``, Pillow, PyTorch."""

from __future__ import annotations

import io
import sys

import torch
import uvicorn
from digits import load, to_answer, to_tensor
from fastapi import FastAPI, UploadFile
from PIL import Image

app = FastAPI()
network = load()


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, object]:
    """Name the digit."""
    image = Image.open(io.BytesIO(await file.read()))
    with torch.no_grad():
        return to_answer(network(to_tensor(image)[None])[0])


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
