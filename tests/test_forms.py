import math

import pytest
import torch
from not_digits import on_paper
from PIL import Image

from app.preprocessing import prepare
from app.recognizer import Recognizer
from training.forms import FORMS, Form, draw, draw_forms, read_forms


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.digit} {form.name}")
def test_every_form_looks_like_mnists(form) -> None:
    """20 pixels long, the darkest ink black, its mass about where MNIST has it."""
    image = draw(form.strokes, 1, torch.Generator().manual_seed(3))[0].double()
    rows, columns = image.amax(1).nonzero(), image.amax(0).nonzero()
    longer = max(rows.max() - rows.min(), columns.max() - columns.min()) + 1
    assert 19 <= longer <= 22
    assert image.max() == 255
    places = torch.arange(28, dtype=torch.float64)
    centre = [(image.sum(axis) @ places / image.sum()).item() for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=1.3)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.digit} {form.name}")
def test_shipped_checkpoint_names(form: Form, recognizer: Recognizer) -> None:
    """20 drawings on paper, none of which a network was trained on."""
    drawn = draw(form.strokes, 20, torch.Generator().manual_seed(1_000_003))
    prepared = [prepare(Image.fromarray(on_paper(image.numpy()))).image for image in drawn]
    named = [recognizer.predict(image).digit for image in prepared]
    assert named.count(form.digit) >= 17


def test_every_digit_has_forms() -> None:
    assert {form.digit for form in FORMS} == set(range(10))


def test_same_seed_draws_the_same_digits() -> None:
    one, again, other = draw_forms(2, 7), draw_forms(2, 7), draw_forms(2, 8)
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    assert one.labels.tolist() == [form.digit for form in FORMS for _ in range(2)]


def test_table_is_read() -> None:
    (form,) = read_forms("7 barred: line 15,5 85,5 40,100 | curve 30,52 82,48")
    assert (form.digit, form.name) == (7, "barred")
    roof, bar = form.strokes
    assert roof.points == ((0.15, 0.05), (0.85, 0.05), (0.4, 1.0))
    assert not roof.smooth
    assert bar.smooth


def test_arc_runs_clockwise_from_the_right() -> None:
    (form,) = read_forms("0 quarter: arc 50,50 40,30 0,90")
    points = form.strokes[0].points
    assert points[0] == pytest.approx((0.9, 0.5))
    assert points[-1] == pytest.approx((0.5, 0.8))
    assert all(math.hypot((x - 0.5) / 0.4, (y - 0.5) / 0.3) == pytest.approx(1) for x, y in points)
