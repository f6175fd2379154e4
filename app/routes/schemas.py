"""The JSON of the service: the answers and their documentation."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from app.picture.ink import Polarity


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str | None = None


class Preprocessing(BaseModel):
    """How the picture became the network's 28×28."""

    applied: bool = Field(
        description="False: a 28×28 grey picture like MNIST's, handed to the network untouched."
    )
    polarity: Polarity = Field(description="How the ink was told from the paper.")
    bounding_box: tuple[int, int, int, int] = Field(
        description="Left, top, right, bottom of the ink in pixels of the picture."
    )
    frame: tuple[float, float, float, float] = Field(
        description="Left, top, right, bottom of the square of the picture that the 28×28 shows."
    )


class PredictionOut(BaseModel):
    """The digit on a picture."""

    digit: int = Field(ge=0, le=9, examples=[7])
    confidence: float = Field(description="Probability of the digit.", examples=[0.998])
    log_probabilities: list[float] = Field(
        min_length=10,
        max_length=10,
        description="Natural logarithm of each digit's probability; the index is the digit.",
        examples=[[-14.1, -13.2, -9.4, -8.3, -14.9, -13.0, -20.3, -0.002, -12.5, -6.6]],
    )
    is_digit: bool = Field(
        description="False: the picture is less like any digit than 99 % of digits are; `digit` "
        "is the best guess all the same."
    )
    several_digits: bool = Field(
        description="There are other digits beside the one named, which is the largest."
    )
    preprocessing: Preprocessing
    image: str | None = Field(
        None,
        description="With `?include=image`: the 28×28 that the network saw, a PNG data URI.",
    )
    class_maps: list[list[list[float]]] | None = Field(
        None,
        description="With `?include=class_maps`: the evidence for each digit at each place, "
        "10×7×7; the mean of a map is the digit's logit.",
    )


class BatchAnswer(BaseModel):
    """The digit on one image of a batch, as in the answer for a single picture."""

    digit: int = Field(ge=0, le=9, examples=[7])
    confidence: float = Field(examples=[0.998])
    log_probabilities: list[float] = Field(min_length=10, max_length=10)
    is_digit: bool
    several_digits: bool | None = Field(None, description="Of images that were preprocessed.")
    preprocessing: Preprocessing | None = Field(
        None, description="Of images that were preprocessed."
    )


class BatchOut(BaseModel):
    """The answers for a batch."""

    answers: list[BatchAnswer | ProblemDetails] = Field(
        description="One an image, in their order; a problem where an image can't be answered."
    )


class Normalization(BaseModel):
    """Pixels are divided by 255, then mean and standard deviation are applied in the network."""

    mean: float
    std: float


class Layer(BaseModel):
    """One layer of the network."""

    name: str
    description: str
    output_shape: list[int] = Field(description="Channels, height, width.")
    parameters: int
    receptive_field: int = Field(description="Side of the square of the input that a value sees.")


class Accuracy(BaseModel):
    """How well the checkpoint does on MNIST's test set, and how that number was obtained."""

    test: float
    correct: int
    images: int
    obtained: str


class ModelInfo(BaseModel):
    """The loaded checkpoint."""

    name: str
    parameters: int
    normalization: Normalization
    layers: list[Layer]
    accuracy: Accuracy
    sha256: str = Field(description="Of the file weights/digits.onnx.")
    date: str
    versions: dict[str, str] = Field(description="Of the service and its engine.")


class Health(BaseModel):
    """State of the process."""

    status: Literal["live", "ready"]
