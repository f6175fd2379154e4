"""Recipes: everything that decides how a network is trained, each one frozen dataclass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from training.network import Pooling, PredictionPool

CROP = 2
"""Pixels that are left off at each side in the epochs of a crop."""


class RecipeError(Exception):
    """A hyperparameter that does not exist, or a value that it can't have."""


_LIMITS: tuple[tuple[str, Callable[[float], bool], tuple[str, ...]], ...] = (
    ("at least 1", lambda value: value >= 1, ("epochs", "batch_size")),
    ("above 0", lambda value: 0 < value < math.inf, ("learning_rate", "temperature")),
    ("between 0 and 1", lambda value: 0 < value < 1, ("warm_up",)),
    (
        "from 0 to below 1",
        lambda value: 0 <= value < 1,
        ("momentum", "dropout", "label_smoothing", "scale", "averaging"),
    ),
    ("from 0 to 1", lambda value: 0 <= value <= 1, ("distillation", "thickness", "blur")),
    (
        "0 or more",
        lambda value: 0 <= value < math.inf,
        (
            *("weight_decay", "gamma", "rotation", "shift", "shear", "elastic", "forms"),
            *("crop_epochs", "calm_epochs", "calm_strength"),
            *("sharpness_epochs", "sharpness_radius"),
        ),
    ),
)
"""What numbers a hyperparameter may be."""


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of one way of training.

    Attributes:
        name: what ``--recipe`` calls it.
        network: ``digits``, ours, or ``wide``, its teacher (``training/distillation.py``).
        epochs: passes over the training images; fewer than 20.
        batch_size: images per step; a last, smaller batch is dropped (the order is new each epoch).
        optimizer: ``sgd``, or ``muon`` for the convolutions (at a tenth of the learning rate,
            its updates being of another size) with ``sgd`` for the rest.
        learning_rate: the highest of the schedule.
        momentum: of the optimizer.
        nesterov: whether the momentum is Nesterov's, as Muon's always is.
        weight_decay: L2 penalty on the weights of the convolutions; none on BatchNorm's.
        schedule: ``constant``; ``multi-step``, down by ``gamma`` at each milestone; or
            ``one-cycle``, linearly up over ``warm_up`` and linearly down to zero.
        milestones: epochs (counted from 0) from which on the learning rate is multiplied by
            ``gamma`` once more.
        gamma: factor of each step down.
        warm_up: share of the steps in which the learning rate of one-cycle rises.
        dropout: probability, after each transition.
        distillation: share of the loss that is taken against a teacher's probabilities instead of
            the labels.
        label_smoothing: share of each label's probability that is spread over all digits.
        rotation: greatest angle of the augmentation either way, degrees.
        scale: greatest relative change of height and width.
        shift: greatest shift either way, pixels.
        shear: greatest shear either way, pixels a pixel.
        elastic: standard deviation of the elastic distortion, pixels.
        interpolation: between the pixels of a distorted image, ``bilinear`` or ``bicubic``.
        thickness: greatest change of the strokes' edges either way, pixels, up to 1.
        blur: greatest share of each pixel's surroundings that is mixed in.
        forms: digits as they are written around the world (``training/forms.py``) that are added
            to every batch, as a share of its size.
        crop_epochs: the first epochs, in which the network is shown the middle 24×24 pixels of each
            image, a quarter less to compute; one digit in eight has ink outside of them.
        calm_epochs: the last epochs, in which the augmentation has ``calm_strength``.
        calm_strength: factor on the ranges of the augmentation in the calm epochs.
        averaging: decay of the exponential moving average of the weights, taken every step; the
            average is what is evaluated and exported. 0 takes the weights themselves.
        pooling: what a transition makes of 2×2 values: the greatest (``max``) or the mean
            (``average``).
        pool_last: whether a transition pools behind its 1×1 convolution instead of before it.
        pool_before_prediction: a max-pool before the last convolution, without parameters:
            ``2x2``, after which the class maps are 3×3, or ``3x3`` around each place, after which
            they are 7×7 as without.
        sharpness_epochs: the last epochs, in which the gradient is taken where the loss around the
            weights is greatest (``training/optimization.py``, ``perturbed``).
        sharpness_radius: how far around, relative to the weights.
        temperature: by which the logits of the trained network are divided, so that confidence is
            how often it is right. A run with ``--validate`` fits it and says so.

    Raises:
        RecipeError: a hyperparameter has a value that it can't have.
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    dropout: float
    network: Literal["digits", "wide"] = "digits"
    optimizer: Literal["sgd", "muon"] = "sgd"
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Literal["constant", "multi-step", "one-cycle"] = "constant"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    warm_up: float = 0.25
    distillation: float = 0.0
    label_smoothing: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    thickness: float = 0.0
    blur: float = 0.0
    forms: float = 0.0
    crop_epochs: int = 0
    calm_epochs: int = 0
    calm_strength: float = 0.0
    averaging: float = 0.0
    pooling: Pooling = "max"
    pool_last: bool = False
    pool_before_prediction: PredictionPool = "none"
    sharpness_epochs: int = 0
    sharpness_radius: float = 0.5
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for meaning, fits, names in _LIMITS:
            for name in names:
                if not fits(value := getattr(self, name)):
                    raise RecipeError(f"{name} is {value}; it has to be {meaning}")
        if self.nesterov and not self.momentum:
            raise RecipeError("nesterov is true; it has to be false without momentum")
        if self.optimizer == "muon" and not self.nesterov:
            raise RecipeError("nesterov is false; it has to be true for muon")

    def learning_rate_at(self, epoch: float) -> float:
        """Learning rate after so many epochs, counted from 0; fractions are steps within one."""
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "multi-step":
            steps_down = sum(epoch >= milestone for milestone in self.milestones)
            return self.learning_rate * self.gamma**steps_down
        progress = epoch / self.epochs
        rising, falling = progress / self.warm_up, (1 - progress) / (1 - self.warm_up)
        return self.learning_rate * min(rising, falling)

    def augmentation_strength_at(self, epoch: int) -> float:
        """Factor on the ranges of the augmentation in an epoch, counted from 0."""
        return self.calm_strength if epoch >= self.epochs - self.calm_epochs else 1.0

    def crop_at(self, epoch: int) -> int:
        """Pixels that are left off at each side of an image in an epoch, counted from 0."""
        return CROP if epoch < self.crop_epochs else 0

    def sharpness_radius_at(self, epoch: int) -> float:
        """How far around the weights the gradient is taken in an epoch, counted from 0."""
        return self.sharpness_radius if epoch >= self.epochs - self.sharpness_epochs else 0.0

    def override(self, changes: list[str]) -> Recipe:
        """The recipe with hyperparameters changed, each written ``name=value``.

        Raises:
            RecipeError: there is no such hyperparameter, or it can't have that value.
        """
        if not changes:
            return self
        values: dict[str, Any] = {"name": f"{self.name},{','.join(changes)}"}
        kinds = get_type_hints(Recipe)
        for change in changes:
            key, _, text = change.partition("=")
            if key not in {field.name for field in fields(self)} - {"name"}:
                raise RecipeError(f"there is no hyperparameter {key!r}")
            try:
                values[key] = _parse(text, kinds[key])
            except (ValueError, KeyError) as exc:
                raise RecipeError(f"{text!r} is no value for {key}") from exc
        return replace(self, **values)


def _parse(text: str, kind: Any) -> object:
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    if kind is int or kind is float:
        return kind(text)
    if kind == tuple[int, ...]:
        return tuple(int(part) for part in text.split("+") if part)
    if text not in get_args(kind):
        raise ValueError(text)
    return text


REFERENCE = Recipe(
    name="reference",
    epochs=19,
    batch_size=128,
    learning_rate=0.01,
    momentum=0.9,
    schedule="multi-step",
    milestones=(14, 17),
    dropout=0.01,
)

BEST = Recipe(
    name="best",
    epochs=19,
    batch_size=128,
    optimizer="muon",
    learning_rate=0.2,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-4,
    schedule="one-cycle",
    dropout=0.01,
    rotation=12.0,
    scale=0.12,
    shift=2.5,
    shear=0.2,
    forms=0.05,
    averaging=0.999,
    pooling="average",
    pool_last=True,
    sharpness_epochs=10,
    sharpness_radius=0.5,
    temperature=0.905,
)

FAST = replace(
    BEST,
    name="fast",
    epochs=4,
    learning_rate=0.4,
    rotation=6.0,
    scale=0.06,
    shift=1.25,
    shear=0.1,
    forms=0.0,
    crop_epochs=2,
    averaging=0.99,
    pooling="max",
    pool_last=False,
    sharpness_epochs=0,
    temperature=1.0,
)
"""The result that this project was asked for, 99.44 %, in the least time."""

TEACHER = replace(
    BEST,
    name="teacher",
    network="wide",
    epochs=16,
    dropout=0.1,
    pooling="max",
    pool_last=False,
    interpolation="bicubic",
    sharpness_epochs=8,
    temperature=1.0,
)
"""The wider network that others learn from."""

RECIPES = {recipe.name: recipe for recipe in (REFERENCE, BEST, FAST, TEACHER)}
