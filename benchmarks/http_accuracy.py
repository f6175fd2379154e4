"""Is the accuracy over HTTP the accuracy of the network, digit for digit?

Sends MNIST's 10,000 test digits, one PNG a request, to a running service, and asks the exported
graph for the same digits without it::

    python benchmarks/http_accuracy.py --url http://127.0.0.1:8000 --data DIR
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.recognizer import Recognizer


def read_test_set(root: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images uint8 ``[10000, 28, 28]`` and labels ``[10000]``; ``root`` holds ``MNIST/raw/``."""
    raw = root / "MNIST/raw"
    images = np.fromfile(raw / "t10k-images-idx3-ubyte", np.uint8, offset=16).reshape(-1, 28, 28)
    return images, np.fromfile(raw / "t10k-labels-idx1-ubyte", np.uint8, offset=8)


def over_http(url: str, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The service's log-probabilities ``[N, 10]``, from one request an image."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    answers = []
    for image in images:
        png = io.BytesIO()
        Image.fromarray(image).save(png, "PNG")
        connection.request("POST", "/predict", png.getvalue(), {"Content-Type": "image/png"})
        response = connection.getresponse()
        body = json.load(response)
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(body)
        answers.append(body["log_probabilities"])
    connection.close()
    return np.array(answers, dtype=np.float32)


def main() -> int:
    """Print both accuracies; exit status 1 if a single digit differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, required=True, help="directory with MNIST/raw/")
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    options = parser.parse_args()
    images, labels = read_test_set(options.data)
    recognizer = Recognizer.load(options.weights)
    offline = np.concatenate([recognizer.log_probabilities(part) for part in np.split(images, 20)])
    online = over_http(options.url, images)
    for name, answers in (("offline", offline), ("over HTTP", online)):
        correct = int((answers.argmax(1) == labels).sum())
        print(f"{name:<10}{correct:>7,} of {len(labels):,} = {correct / len(labels):.2%}")
    differing = int((offline.argmax(1) != online.argmax(1)).sum())
    print(f"digits that differ: {differing}; greatest difference of a log-probability: ", end="")
    print(f"{np.abs(offline - online).max():.1e}")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
