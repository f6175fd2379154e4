from dataclasses import fields, replace
from typing import get_type_hints

import pytest
import torch

from training.augmentation import Pen, Warp, build_augmentation
from training.network import DigitNetwork
from training.optimization import Muon, build_optimizers, orthogonalize, perturbed
from training.recipes import BEST, RECIPES, REFERENCE, Recipe, RecipeError


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_recipe_takes_fewer_than_20_epochs(recipe) -> None:
    assert recipe.epochs < 20


def test_reference_steps_down_twice_near_the_end() -> None:
    rates = [REFERENCE.learning_rate_at(epoch + 0.5) for epoch in range(REFERENCE.epochs)]
    assert rates == pytest.approx([0.01] * 14 + [0.001] * 3 + [0.0001] * 2)


def test_one_cycle_rises_and_falls_to_zero() -> None:
    recipe = replace(BEST, epochs=16, learning_rate=0.4, warm_up=0.25)
    rates = [recipe.learning_rate_at(epoch) for epoch in (0, 2, 4, 10, 16)]
    assert rates == pytest.approx([0, 0.2, 0.4, 0.2, 0])


def test_constant_rate_stays() -> None:
    recipe = replace(REFERENCE, schedule="constant")
    assert recipe.learning_rate_at(18.9) == 0.01


def test_last_epochs_are_calm() -> None:
    recipe = replace(BEST, epochs=6, calm_epochs=2, calm_strength=0.5)
    assert [recipe.augmentation_strength_at(epoch) for epoch in range(6)] == [1] * 4 + [0.5] * 2


def test_last_epochs_look_around() -> None:
    recipe = replace(BEST, epochs=4, sharpness_epochs=1, sharpness_radius=0.3)
    assert [recipe.sharpness_radius_at(epoch) for epoch in range(4)] == [0, 0, 0, 0.3]


def test_crop_is_for_the_first_epochs() -> None:
    recipe = replace(REFERENCE, epochs=4, crop_epochs=1)
    assert [recipe.crop_at(epoch) for epoch in range(4)] == [2, 0, 0, 0]


def test_weights_move_up_the_gradient_and_back() -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0, -1.0]).view(1, 2, 1, 1))
    shift = torch.nn.Parameter(torch.tensor([2.0]))
    network = torch.nn.ParameterList([weight, shift])
    (weight * torch.tensor([1.0, 1.0]).view(1, 2, 1, 1)).sum().add(shift.sum()).backward()
    with perturbed(network, 0.5):
        # in proportion to their sizes: |w|² g / ‖(|w| g, g)‖ = (9, 1) / √11, and 1 / √11
        assert weight.flatten().tolist() == pytest.approx([3 + 4.5 / 11**0.5, -1 + 0.5 / 11**0.5])
        assert shift.item() == pytest.approx(2 + 0.5 / 11**0.5)
        assert weight.grad is None
        (weight * 2).sum().backward()
    assert weight.flatten().tolist() == pytest.approx([3.0, -1.0])
    assert weight.grad.flatten().tolist() == [2.0, 2.0]


def test_hyperparameters_can_be_changed_from_the_command_line() -> None:
    changes = ["learning_rate=0.3", "epochs=4", "optimizer=sgd", "nesterov=false", "milestones=2+3"]
    recipe = BEST.override([*changes, "schedule=multi-step"])
    assert recipe == replace(
        BEST,
        name=recipe.name,
        learning_rate=0.3,
        epochs=4,
        optimizer="sgd",
        nesterov=False,
        milestones=(2, 3),
        schedule="multi-step",
    )
    assert recipe.name == "best," + ",".join([*changes, "schedule=multi-step"])
    assert BEST.override([]) is BEST


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("speed=9", "no hyperparameter 'speed'"),
        ("name=x", "no hyperparameter 'name'"),
        ("epochs=many", "'many' is no value for epochs"),
        ("nesterov=perhaps", "'perhaps' is no value for nesterov"),
        ("schedule=sine", "'sine' is no value for schedule"),
        ("epochs", "'' is no value for epochs"),
        ("epochs=0", "epochs is 0; it has to be at least 1"),
        ("batch_size=0", "batch_size is 0; it has to be at least 1"),
        ("learning_rate=0", "learning_rate is 0.0; it has to be above 0"),
        ("learning_rate=inf", "learning_rate is inf; it has to be above 0"),
        ("warm_up=0", "warm_up is 0.0; it has to be between 0 and 1"),
        ("warm_up=1", "warm_up is 1.0; it has to be between 0 and 1"),
        ("dropout=1", "dropout is 1.0; it has to be from 0 to below 1"),
        ("averaging=nan", "averaging is nan; it has to be from 0 to below 1"),
        ("distillation=1.1", "distillation is 1.1; it has to be from 0 to 1"),
        ("shift=-1", "shift is -1.0; it has to be 0 or more"),
        ("momentum=0", "nesterov is true; it has to be false without momentum"),
        ("nesterov=false", "nesterov is false; it has to be true for muon"),
    ],
)
def test_wrong_changes_are_refused(change: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        BEST.override([change])


def test_every_number_of_a_recipe_has_limits() -> None:
    numbers = {name for name, kind in get_type_hints(Recipe).items() if kind in (int, float)}
    for name in numbers:
        with pytest.raises(RecipeError, match=f"^{name} is -1"):
            BEST.override([f"{name}=-1"])


def test_every_hyperparameter_is_documented() -> None:
    documentation = type(BEST).__doc__ or ""
    assert [field.name for field in fields(BEST) if f"{field.name}: " not in documentation] == []


def test_weight_decay_is_for_convolutions_only() -> None:
    network = DigitNetwork()
    (optimizer,) = build_optimizers(network, replace(BEST, optimizer="sgd"))
    decayed = {
        id(parameter)
        for group in optimizer.param_groups
        if group["weight_decay"]
        for parameter in group["params"]
    }
    convolutions = {id(parameter) for parameter in network.parameters() if parameter.ndim == 4}
    assert decayed == convolutions


def test_muon_takes_the_convolutions_and_sgd_the_rest() -> None:
    network = DigitNetwork()
    muon, rest = build_optimizers(network, BEST)
    assert isinstance(muon, Muon)
    counts = [sum(len(group["params"]) for group in o.param_groups) for o in (muon, rest)]
    assert counts == [10, 18]


def test_muon_changes_nothing_without_gradients() -> None:
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    Muon([parameter], lr=1.0, momentum=0.9).step()
    assert torch.equal(parameter, torch.ones(2, 3))


def test_orthogonalized_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    matrices = [torch.randn(shape) for shape in [(8, 72), (72, 8), (16, 16), (2, 9)]]
    for matrix, result in zip(matrices, orthogonalize(matrices), strict=True):
        assert result.shape == matrix.shape
        values = torch.linalg.svdvals(result)
        assert 0.5 < values.min() < values.max() < 1.3
        (alone,) = orthogonalize([matrix])
        assert torch.allclose(result, alone, atol=1e-5)


def test_affine_without_strength_changes_nothing() -> None:
    images = torch.randint(0, 256, (4, 28, 28), dtype=torch.uint8)
    result = Warp(rotation=12, scale=0.12, shift=2.5, shear=0.2)(images, strength=0)
    assert torch.allclose(result, images.float(), atol=1e-3)


def test_affine_shifts_within_its_range() -> None:
    torch.manual_seed(0)
    images = torch.zeros(200, 28, 28, dtype=torch.uint8)
    images[:, 13:15, 13:15] = 255
    moved = Warp(rotation=0, scale=0, shift=3, shear=0)(images)
    mass = moved.sum((1, 2))
    centre = (moved.sum(2) * torch.arange(28)).sum(1) / mass - 13.5
    assert centre.abs().max() <= 3.01
    assert centre.abs().max() > 2.5
    assert centre.mean().abs() < 0.5


def test_affine_turns_within_its_range() -> None:
    torch.manual_seed(0)
    images = torch.zeros(100, 28, 28, dtype=torch.uint8)
    images[:, 4:24, 13:15] = 255
    turned = Warp(rotation=10, scale=0, shift=0, shear=0)(images)
    top = (turned[:, 5] * torch.arange(28)).sum(1) / turned[:, 5].sum(1) - 13.5
    angles = torch.atan(top / 8.5).rad2deg()
    assert 8 < angles.abs().max() < 10.5


def test_images_are_distorted_each_in_its_own_way() -> None:
    torch.manual_seed(0)
    images = torch.zeros(2, 28, 28, dtype=torch.uint8)
    images[:, 4:24, 13:15] = 255
    first, second = Warp(rotation=12, scale=0.12, shift=2.5, shear=0.2)(images)
    assert not torch.equal(first, second)


def test_bicubic_interpolation_keeps_a_fine_stroke_brighter() -> None:
    fine = torch.zeros(200, 28, 28)
    fine[:, 5:23, 13] = 255

    def moved(interpolation: str) -> torch.Tensor:
        torch.manual_seed(0)
        recipe = REFERENCE.override(["shift=2", f"interpolation={interpolation}"])
        return build_augmentation(recipe)(fine, 1.0)

    soft, sharp = moved("bilinear"), moved("bicubic")
    assert sharp.amax((1, 2)).mean() > 1.05 * soft.amax((1, 2)).mean()
    assert sharp.min() >= 0
    assert sharp.max() <= 255


def bar() -> torch.Tensor:
    """A vertical bar of 3 pixels."""
    image = torch.zeros(1, 28, 28)
    image[:, 5:23, 12:15] = 255
    return image


def test_pen_thickens_and_thins_strokes() -> None:
    sums = []
    for seed in range(40):
        torch.manual_seed(seed)
        sums.append(Pen(thickness=1.0, blur=0.0)(bar()).sum().item() / bar().sum().item())
    assert min(sums) < 0.6
    assert max(sums) > 1.5


def test_blur_keeps_the_ink_and_softens_its_edge() -> None:
    torch.manual_seed(0)
    blurred = Pen(thickness=0.0, blur=1.0)(bar())
    assert blurred.sum() == pytest.approx(bar().sum().item(), rel=1e-4)
    assert 0 < blurred[0, 12, 11] < 128


def test_pen_stays_in_range() -> None:
    torch.manual_seed(0)
    noise = torch.rand(50, 28, 28) * 255
    changed = Pen(thickness=1.0, blur=1.0)(noise)
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_nothing_is_augmented_without_ranges() -> None:
    images = torch.randint(0, 256, (3, 28, 28), dtype=torch.uint8)
    assert build_augmentation(REFERENCE)(images, 1.0) is images


def test_no_strength_changes_nothing() -> None:
    images = torch.randint(0, 256, (3, 28, 28), dtype=torch.uint8)
    recipe = replace(BEST, thickness=1.0, blur=1.0)
    assert torch.allclose(build_augmentation(recipe)(images, 0.0), images.float(), atol=1e-2)


def test_elastic_distortion_bends_a_stroke() -> None:
    torch.manual_seed(0)
    bent = Warp(0, 0, 0, 0, elastic=1.5)(bar())[0]
    columns = torch.arange(28.0)
    centres = [(bent[row] @ columns / bent[row].sum()).item() for row in range(7, 21)]
    assert max(centres) - min(centres) > 1
    assert all(10 < centre < 17 for centre in centres)
