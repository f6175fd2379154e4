import pytest
import torch

from training.calibration import calibration_error, fit_temperature
from training.evaluation import Evaluation


def evaluation(sharpness: float) -> Evaluation:
    """Labels drawn from a network's probabilities, which it then states more or less sharply."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 10, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).flatten()
    return Evaluation(torch.log_softmax(logits * sharpness, dim=1), labels)


@pytest.mark.parametrize("sharpness", [0.7, 1.0, 1.4])
def test_temperature_undoes_what_made_the_network_too_sure(sharpness: float) -> None:
    assert fit_temperature(evaluation(sharpness)) == pytest.approx(sharpness, abs=0.03)


def test_calibrated_confidence_has_no_error() -> None:
    assert calibration_error(evaluation(1.0)) < 0.01


def test_overconfidence_is_an_error_that_the_temperature_mends() -> None:
    assert calibration_error(evaluation(1.4)) > 0.05
    assert calibration_error(evaluation(1.4), temperature=1.4) < 0.01


def test_error_is_the_gap_between_confidence_and_accuracy() -> None:
    always_sure = torch.log(torch.tensor([[0.9] + [0.1 / 9] * 9])).repeat(4, 1)
    labels = torch.tensor([0, 0, 0, 5])
    assert calibration_error(Evaluation(always_sure, labels)) == pytest.approx(0.15, abs=1e-6)
