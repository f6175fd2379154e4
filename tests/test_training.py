from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training import trainer
from training.data import Digits
from training.device import Device, choose_device
from training.evaluation import evaluate
from training.network import DigitNetwork
from training.recipes import BEST, REFERENCE, Recipe
from training.state import Epoch, ResumeError, TrainingState
from training.trainer import remaining_seconds, train

SHORT = replace(REFERENCE, epochs=3, batch_size=8, milestones=(2,))
AVERAGED = replace(BEST, epochs=3, batch_size=8, averaging=0.9, sharpness_epochs=1)


@pytest.fixture(params=["float32", "bfloat16"])
def device(request: pytest.FixtureRequest) -> Device:
    return choose_device("cpu", request.param, threads=1)


@pytest.fixture(autouse=True)
def few_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing as many as a real training takes would be most of the time here."""
    monkeypatch.setattr(trainer, "DRAWN_OF_EACH_FORM", 2)


def weights(network: DigitNetwork) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_same(a: DigitNetwork, b: DigitNetwork) -> None:
    for name, value in weights(a).items():
        assert torch.equal(value, weights(b)[name]), name


def stop_after(epoch: int) -> Callable[[Epoch], None]:
    def stop(line: Epoch) -> None:
        if line.epoch == epoch:
            raise KeyboardInterrupt

    return stop


def test_learns(digits: Digits, device: Device) -> None:
    network, epochs = train(
        DigitNetwork, replace(SHORT, epochs=30, learning_rate=0.05), 0, digits, device
    )
    assert epochs[-1].train_loss < epochs[0].train_loss / 2
    assert evaluate(network, digits, device).accuracy > 0.9


def test_same_seed_gives_the_same_weights(digits: Digits, device: Device) -> None:
    assert_same(
        train(DigitNetwork, SHORT, 1, digits, device)[0],
        train(DigitNetwork, SHORT, 1, digits, device)[0],
    )


def test_other_seed_gives_other_weights(digits: Digits) -> None:
    device = choose_device("cpu", "float32", threads=1)
    one, other = (weights(train(DigitNetwork, SHORT, seed, digits, device)[0]) for seed in (1, 2))
    assert not torch.equal(one["prediction.weight"], other["prediction.weight"])


@pytest.mark.parametrize(
    "recipe", [SHORT, AVERAGED, replace(AVERAGED, optimizer="sgd"), replace(AVERAGED, forms=0.25)]
)
@pytest.mark.parametrize("stop", [2, 3])
def test_resumed_run_ends_like_an_unbroken_one(
    digits: Digits, tmp_path: Path, recipe: Recipe, stop: int
) -> None:
    device = choose_device("cpu", "float32", threads=1)
    unbroken, epochs = train(DigitNetwork, recipe, 0, digits, device)
    checkpoint = tmp_path / "last.pt"
    with pytest.raises(KeyboardInterrupt):
        train(
            DigitNetwork,
            recipe,
            0,
            digits,
            device,
            checkpoint=checkpoint,
            on_epoch=stop_after(stop),
        )
    resumed, lines = train(
        DigitNetwork, recipe, 0, digits, device, checkpoint=checkpoint, resume=True
    )
    assert_same(resumed, unbroken)
    assert [line.train_loss for line in lines] == [line.train_loss for line in epochs]


def test_run_of_another_seed_is_not_resumed(digits: Digits, tmp_path: Path) -> None:
    device, checkpoint = choose_device("cpu", threads=1), tmp_path / "last.pt"
    train(DigitNetwork, replace(SHORT, epochs=1), 0, digits, device, checkpoint=checkpoint)
    with pytest.raises(ResumeError, match="was written by another run"):
        train(DigitNetwork, SHORT, 1, digits, device, checkpoint=checkpoint, resume=True)


def test_checkpoint_of_another_version_is_named(digits: Digits, tmp_path: Path) -> None:
    device, checkpoint = choose_device("cpu", threads=1), tmp_path / "last.pt"
    train(DigitNetwork, SHORT, 0, digits, device, checkpoint=checkpoint)
    content = torch.load(checkpoint, weights_only=True)
    content["average"] = {f"module.{name}": each for name, each in content["average"].items()}
    torch.save(content, checkpoint)
    with pytest.raises(ResumeError, match=r"last\.pt is of another version"):
        train(DigitNetwork, SHORT, 0, digits, device, checkpoint=checkpoint, resume=True)


def test_damaged_checkpoint_is_named(digits: Digits, tmp_path: Path) -> None:
    checkpoint = tmp_path / "last.pt"
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(ResumeError, match=r"last\.pt is damaged"):
        train(
            DigitNetwork,
            SHORT,
            0,
            digits,
            choose_device("cpu", threads=1),
            checkpoint=checkpoint,
            resume=True,
        )


def test_nothing_to_resume_is_said(digits: Digits, tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="does not exist: no epoch of this run was finished"):
        train(
            DigitNetwork,
            SHORT,
            0,
            digits,
            choose_device("cpu", threads=1),
            checkpoint=tmp_path / "x",
            resume=True,
        )


def test_validation_is_reported_and_changes_nothing(digits: Digits) -> None:
    device = choose_device("cpu", threads=1)
    with_validation, epochs = train(DigitNetwork, SHORT, 0, digits, device, validation=digits)
    assert_same(with_validation, train(DigitNetwork, SHORT, 0, digits, device)[0])
    judged = evaluate(with_validation, digits, device)
    assert epochs[-1].validation_accuracy == judged.accuracy
    assert epochs[-1].validation_loss == pytest.approx(judged.loss)


def test_result_is_the_moving_average(digits: Digits) -> None:
    state = TrainingState(DigitNetwork(), replace(AVERAGED, optimizer="sgd"))
    expected = state.network.prediction.weight.detach().clone()
    for _ in range(3):
        (-state.network(digits.images)[:, 0]).mean().backward()
        state.step(1.0)
        expected = 0.9 * expected + 0.1 * state.network.prediction.weight.detach()
    assert torch.allclose(state.result(digits).prediction.weight, expected, atol=1e-6)
    assert not torch.allclose(state.network.prediction.weight, expected, atol=1e-4)


def test_averaged_weights_have_statistics_of_their_own(digits: Digits) -> None:
    network, _ = train(
        DigitNetwork, AVERAGED, 0, digits, choose_device("cpu", "float32", threads=1)
    )
    activations = torch.relu(network.block1[0][0](network.normalize(digits.images)))
    assert torch.allclose(network.block1[0][2].running_mean, activations.mean((0, 2, 3)), atol=1e-4)


def test_crop_shows_the_middle_of_the_images(digits: Digits) -> None:
    framed = digits.images.clone()
    framed[:, [0, 1, -2, -1]] = framed[:, :, [0, 1, -2, -1]] = 255
    recipe = replace(SHORT, crop_epochs=3)
    device = choose_device("cpu", "float32", threads=1)
    seen, without_frame = (
        train(DigitNetwork, recipe, 0, Digits(images, digits.labels), device)[0]
        for images in (framed, digits.images)
    )
    assert_same(seen, without_frame)
    whole = train(DigitNetwork, SHORT, 0, digits, device)[0]
    assert not torch.equal(whole.prediction.weight, seen.prediction.weight)


def test_time_left_is_that_of_the_epochs_to_come() -> None:
    line = Epoch(1, 0.01, 1.0, 0.5, None, None, seconds=20.0)
    assert remaining_seconds([line, replace(line, seconds=30.0)], total=6) == 100.0
