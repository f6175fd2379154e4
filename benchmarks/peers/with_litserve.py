"""LitServe, with its batching, which is faster here than without."""

import sys
from typing import Any

import litserve
import torch
from digits import load, to_answer, to_tensor
from fastapi import Request
from PIL import Image


class Digits(litserve.LitAPI):
    """decode → predict → encode."""

    def setup(self, device: str) -> None:
        """Load the network."""
        self.network = load()

    def decode_request(self, request: Request) -> torch.Tensor:
        """Form to tensor."""
        return to_tensor(Image.open(request["file"].file))

    def batch(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        """Tensors to one."""
        return torch.stack(inputs)

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """Log-probabilities."""
        with torch.no_grad():
            return self.network(x)

    def unbatch(self, output: torch.Tensor) -> list[torch.Tensor]:
        """One tensor to many."""
        return list(output)

    def encode_response(self, output: torch.Tensor) -> dict[str, Any]:
        """Log-probabilities to JSON."""
        return to_answer(output)


if __name__ == "__main__":
    api = Digits(max_batch_size=16, batch_timeout=0.001)
    litserve.LitServer(api, accelerator="cpu").run(
        port=int(sys.argv[1]), generate_client_file=False, log_level="warning"
    )
