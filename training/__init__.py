"""Turns MNIST into the checkpoint in ``weights/``; start with ``python -m training``."""

import os

# Official builds of ONNX Runtime report to their maker unless told not to before they are loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
