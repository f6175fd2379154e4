"""Scenes in which people photograph a digit: paper, notes, boards, and what goes wrong with them.

Each takes a :class:`photography.Shot` and returns a photo of its digit, float64 ``[H, W, 3]``.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from photography import (
    BLACK,
    BLUE,
    HEIGHT,
    WIDTH,
    Colour,
    Colours,
    Plane,
    Shot,
    as_image,
    as_jpeg,
    drawn,
    lines,
    lit,
    plain_paper,
    shaded,
    written,
)
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates, zoom
from tables import dark_card, paper_on_a_table, scrap_of_paper, sticky_note


def plain(shot: Shot) -> Colours:
    """A pen on white paper, the light from one side."""
    return lit(shot, drawn(plain_paper(), shot.ink(), shot.pen()))


def from_afar(shot: Shot) -> Colours:
    """A whole page, four times as high and wide as other photos, with a digit somewhere on it."""
    shot.place(0.12, 0.4)
    part = drawn(plain_paper(), shot.ink(), shot.pen())
    page = np.tile(plain_paper(), (4, 4, 1))
    top, left = shot.random.integers(3 * HEIGHT), shot.random.integers(3 * WIDTH)
    page[top : top + HEIGHT, left : left + WIDTH] = part
    return shaded(page, zoom(shot.light(), 4, order=1))


def shadow(shot: Shot) -> Colours:
    """The shadow of a hand or a phone lies over half of the digit."""
    half = (shot.beyond(0.3) > 0).astype(np.float64)
    shade = 1 - gaussian_filter(half, shot.uniform(3, 25)) * shot.uniform(0.3, 0.55)
    return shaded(plain(shot), shade)


def blinds(shot: Shot) -> Colours:
    """The sun through blinds: stripes of light and shadow."""
    period = shot.size * shot.uniform(0.2, 0.6)
    wave = np.sin(shot.beyond(0.5) / period * 2 * np.pi)
    shade = 1 - shot.uniform(0.3, 0.5) / (1 + np.exp(-4 * wave))
    return shaded(plain(shot), shade)


def ruled_paper(shot: Shot) -> Colours:
    """Ruled paper with a margin."""
    x, y = shot.turned(4)
    spacing = shot.size * shot.uniform(0.25, 0.6)
    rules = lines(y - shot.uniform(0, spacing), spacing, shot.uniform(1, 2.5))
    paper = drawn(plain_paper(), rules, (0.55, 0.66, 0.85))
    margin = lines(x - shot.uniform(-0.5, 0.5) * WIDTH, 10 * WIDTH, shot.uniform(1, 2.5))
    paper = drawn(paper, margin, (0.9, 0.5, 0.5))
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def squared_paper(shot: Shot) -> Colours:
    """Squared paper, a digit two to six squares high."""
    x, y = shot.turned(4)
    spacing, thickness = shot.size * shot.uniform(0.18, 0.4), shot.uniform(1, 2.2)
    rows = lines(y - shot.uniform(0, spacing), spacing, thickness)
    columns = lines(x - shot.uniform(0, spacing), spacing, thickness)
    grey = shot.uniform(0.55, 0.75)
    paper = drawn(plain_paper(), np.maximum(rows, columns), (grey, grey + 0.05, grey + 0.12))
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def dotted_paper(shot: Shot) -> Colours:
    """Dotted paper."""
    x, y = shot.turned(4)
    spacing = shot.size * shot.uniform(0.15, 0.3)
    dots = lines(y, spacing, 3) * lines(x - shot.uniform(0, spacing), spacing, 3)
    paper = drawn(plain_paper(), dots, (0.5, 0.5, 0.55))
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def crumpled_paper(shot: Shot) -> Colours:
    """Paper that was crumpled and smoothed out: facets, each lit in its own way."""
    folds = sum(
        np.abs(shot.turned(180)[0] / shot.size + shot.uniform(-1, 1)) % shot.uniform(0.4, 0.9)
        for _ in range(4)
    )
    shade = 1 - 0.14 * np.asarray(folds)
    return shaded(plain(shot), shade)


def pencil(shot: Shot) -> Colours:
    """A hard pencil on rough paper."""
    ink = shot.ink(0.4, 0.9) * np.clip(0.75 + 0.18 * shot.clouds(1), 0.3, 1)
    grey = shot.uniform(0.45, 0.65)
    return lit(shot, drawn(plain_paper(), ink, (grey, grey, grey + 0.02)))


def highlighter(shot: Shot) -> Colours:
    """A band of highlighter lies over the digit."""
    x, y = shot.turned(8)
    long, high = shot.size * shot.uniform(0.3, 0.7), shot.size * shot.uniform(0.15, 0.4)
    band = gaussian_filter(((np.abs(x) < long) & (np.abs(y) < high)).astype(np.float64), 1)
    tints: tuple[Colour, ...] = ((1, 0.95, 0.3), (1, 0.6, 0.8), (0.55, 1, 0.5))
    tint = np.array(tints[shot.random.integers(len(tints))])
    photo: Colours = plain(shot) * (1 - band[..., None] * (1 - tint))
    return photo


def screenshot(shot: Shot) -> Colours:
    """Of a page or a program in which the digit was drawn on a panel of its own."""
    tones = [(1.0, 1.0, 1.0), (0.95, 0.95, 0.97), (0.13, 0.13, 0.15), (0.0, 0.0, 0.0)]
    around, panel = (tones[shot.random.integers(len(tones))] for _ in range(2))
    pen = (0.0, 0.0, 0.0) if panel[0] > 0.5 else (1.0, 1.0, 1.0)
    text = (0.45, 0.45, 0.5)
    left, top, right, bottom = (shot.size * shot.uniform(0.45, 0.7) for _ in range(4))
    x, y = shot.turned(0)
    on_panel = (x > -left) & (x < right) & (y > -top) & (y < bottom)
    line = (np.abs(x) < right + 1.5) & (np.abs(y) < bottom + 1.5) & ~on_panel
    photo = plain_paper(around)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    words = (rows % 18 > 10) & (columns % 47 > 9) & (rows < shot.uniform(0, 70)) & (columns < 300)
    photo[words & ~on_panel] = text
    photo[line & (shot.uniform(0, 1) < 0.5)] = text
    photo[on_panel] = panel
    return drawn(photo, shot.ink(), pen)


def whiteboard(shot: Shot) -> Colours:
    """A marker on a whiteboard, in which a lamp is mirrored."""
    ink = shot.ink(0, 0.3) * np.clip(0.9 + 0.08 * shot.clouds(3), 0, 1)
    photo = lit(shot, drawn(plain_paper((0.86, 0.88, 0.9)), ink, shot.pen()))
    x, y = shot.uniform(0, WIDTH), shot.uniform(0, HEIGHT)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    far = ((columns - x) / shot.uniform(30, 90)) ** 2 + ((rows - y) / shot.uniform(20, 60)) ** 2
    photo += 0.5 * np.exp(-far)[..., None]
    return photo


def blackboard(shot: Shot) -> Colours:
    """Chalk on a board that was wiped badly."""
    board = plain_paper((0.14, 0.2, 0.18)) + 0.035 * shot.clouds(25)[..., None]
    ink = shot.ink(0, 0.5) * np.clip(0.75 + 0.25 * shot.clouds(1), 0.2, 1)
    return lit(shot, drawn(board, ink, (0.92, 0.92, 0.88)))


def cardboard(shot: Shot) -> Colours:
    """A marker on cardboard."""
    paper = plain_paper((0.68, 0.53, 0.37)) * (1 + 0.04 * shot.clouds(2))[..., None]
    return lit(shot, drawn(paper, shot.ink(0, 0.3), BLACK))


def printed_box(shot: Shot) -> Colours:
    """In a box of a form."""
    x, y = shot.turned(3)
    half, thick = shot.size * shot.uniform(0.46, 0.6), shot.uniform(1.5, 4)
    box = (np.abs(np.maximum(np.abs(x), np.abs(y)) - half) < thick / 2).astype(np.float64)
    paper = drawn(plain_paper(), box, (0.2, 0.2, 0.22))
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def printed_text(shot: Shot) -> Colours:
    """On a page with small print above and below."""
    _, y = shot.turned(3)
    spacing, grey = shot.size * shot.uniform(0.12, 0.2), shot.uniform(0.15, 0.4)
    rows = (y % spacing < 0.45 * spacing) & (np.abs(y) > 0.5 * shot.size)
    letters = np.clip(shot.clouds((0.12 * spacing, 0.1 * spacing)), 0, 1)
    paper = drawn(plain_paper(), letters * rows, (grey, grey, grey))
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def finger(shot: Shot) -> Colours:
    """A thumb holds the paper and reaches into the photo."""
    x, y = WIDTH * shot.random.integers(2), shot.uniform(0, HEIGHT)
    reach = shot.uniform(0.4, 0.9) * max(abs(shot.centre[0] - x) - 0.4 * shot.size, 20)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    far = ((columns - x) / reach) ** 2 + ((rows - y) / 45) ** 2
    thumb = gaussian_filter((far < 1).astype(np.float64), 2)
    return drawn(plain(shot), thumb, (0.78, 0.55, 0.45))


def other_writing(shot: Shot) -> Colours:
    """Other digits, smaller, are cut by the photo's border."""
    photo = plain(shot)
    for other in shot.others[: shot.random.integers(1, 4)]:
        size = shot.size * shot.uniform(0.4, 0.7)
        corner = shot.random.integers(2, size=2) * (WIDTH, HEIGHT)
        along = shot.random.integers(2)
        corner[along] = int(shot.uniform(0, (WIDTH, HEIGHT)[along]))
        x, y = float(corner[0]), float(corner[1])
        apart = np.hypot(x - shot.centre[0], y - shot.centre[1])
        if apart > 0.45 * (size + shot.size) + 20:
            photo = drawn(photo, written(other, size, (x, y), shot.random, 0.3), shot.pen())
    return photo


def bleed_through(shot: Shot) -> Colours:
    """Thin paper, written on the back too."""
    back = written(shot.others[0, :, ::-1], shot.size, shot.centre, shot.random, 0.3)
    paper = drawn(plain_paper(), gaussian_filter(back, 2) * shot.uniform(0.1, 0.25), BLUE)
    return lit(shot, drawn(paper, shot.ink(), shot.pen()))


def out_of_focus(shot: Shot) -> Colours:
    """A blurred photo."""
    blur = shot.size * shot.uniform(0.01, 0.035)
    photo: Colours = gaussian_filter(plain(shot), (blur, blur, 0))
    return photo


def shaken(shot: Shot) -> Colours:
    """The camera moved."""
    photo, angle = plain(shot), shot.uniform(0, np.pi)
    length = shot.size * shot.uniform(0.03, 0.1)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)

    def moved(plane: Plane, step: float) -> Plane:
        places = [rows + np.sin(angle) * step, columns + np.cos(angle) * step]
        result: Plane = map_coordinates(plane, places, order=1, mode="nearest")
        return result

    steps = np.linspace(-length / 2, length / 2, 9)
    planes = [np.mean([moved(photo[..., i], step) for step in steps], axis=0) for i in range(3)]
    return np.stack(planes, axis=-1)


def dim_light(shot: Shot) -> Colours:
    """A dark room: little light and much noise."""
    photo = plain(shot) * shot.uniform(0.15, 0.3)
    return photo + shot.random.normal(0, 0.03, photo.shape)


def flash(shot: Shot) -> Colours:
    """A phone's lamp in a dark room: a bright middle, dark corners."""
    x, y = shot.turned(180)
    far = np.hypot(x / WIDTH + shot.uniform(-0.2, 0.2), y / WIDTH + shot.uniform(-0.2, 0.2))
    light = 1.25 / (1 + (far / shot.uniform(0.3, 0.5)) ** 2) ** 1.5
    return shaded(drawn(plain_paper(), shot.ink(), shot.pen()), light)


def thumbnail(shot: Shot) -> Colours:
    """Sent by a messenger as a small picture, much compressed."""
    small = as_image(plain(shot)).resize((WIDTH // 5, HEIGHT // 5), Image.Resampling.BOX)
    again = Image.open(io.BytesIO(as_jpeg(small, 25)))
    return np.asarray(again.convert("RGB")) / 255


SCENES: dict[str, Callable[[Shot], Colours]] = {
    scene.__name__.replace("_", " "): scene
    for scene in (
        plain,
        from_afar,
        shadow,
        blinds,
        ruled_paper,
        squared_paper,
        dotted_paper,
        crumpled_paper,
        pencil,
        highlighter,
        sticky_note,
        paper_on_a_table,
        scrap_of_paper,
        dark_card,
        screenshot,
        whiteboard,
        blackboard,
        cardboard,
        printed_box,
        printed_text,
        finger,
        other_writing,
        bleed_through,
        out_of_focus,
        shaken,
        dim_light,
        flash,
        thumbnail,
    )
}


def photograph(name: str, digit: NDArray[np.uint8], others: NDArray[np.uint8], seed: int) -> bytes:
    """A photo of a digit in a scene, as a JPEG; the same for the same seed.

    Args:
        digit: uint8 ``[28, 28]``.
        others: three digits that may stand around it, uint8 ``[3, 28, 28]``.
    """
    random = np.random.default_rng([seed, *name.encode()])
    photo = SCENES[name](Shot(digit, others, random))
    photo = photo + random.normal(0, random.uniform(0.002, 0.012), photo.shape)
    return as_jpeg(as_image(photo), int(random.integers(60, 95)))
