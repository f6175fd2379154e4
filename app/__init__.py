"""The web service: loads the checkpoint from ``weights/`` and names digits over HTTP."""

import os

# Official builds of ONNX Runtime report to their maker unless told not to before they are loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Nothing here multiplies large matrices: threads for that would only take memory in each worker.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
