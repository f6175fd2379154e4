"""BentoML, one worker."""

from __future__ import annotations

import bentoml
import torch
from digits import load, to_answer, to_tensor
from PIL.Image import Image


@bentoml.service(workers=1)
class Digits:
    """A picture in the form's field ``file`` to its digit."""

    def __init__(self) -> None:
        self.network = load()

    @bentoml.api
    def predict(self, file: Image) -> dict[str, object]:
        """Name the digit."""
        with torch.no_grad():
            return to_answer(self.network(to_tensor(file)[None])[0])
