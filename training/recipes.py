"""Recipes: everything that decides how a network is trained, each one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of one way of training.

    Attributes:
        name: what ``--recipe`` calls it.
        epochs: passes over the training images; fewer than 20.
        batch_size: images per step; a last, smaller batch is dropped (the order is new each epoch).
        learning_rate: of stochastic gradient descent, at the start.
        momentum: of stochastic gradient descent.
        milestones: epochs (counted from 0) from which on the learning rate is multiplied by
            ``gamma`` once more.
        gamma: factor of each step down.
        dropout: probability, after each transition.
    """

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    milestones: tuple[int, ...]
    gamma: float
    dropout: float

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        steps_down = sum(epoch >= milestone for milestone in self.milestones)
        return self.learning_rate * self.gamma**steps_down


REFERENCE = Recipe(
    name="reference",
    epochs=19,
    batch_size=128,
    learning_rate=0.01,
    momentum=0.9,
    milestones=(14, 17),
    gamma=0.1,
    dropout=0.01,
)

RECIPES = {recipe.name: recipe for recipe in (REFERENCE,)}
