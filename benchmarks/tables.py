"""Scenes of sheets, notes and cards that lie on a table, and whose edges show."""

from __future__ import annotations

import numpy as np
from photography import Colour, Colours, Plane, Shot, drawn, lit, plain_paper
from scipy.ndimage import gaussian_filter

NOTES: tuple[Colour, ...] = (
    (0.96, 0.9, 0.45),
    (0.98, 0.65, 0.75),
    (0.6, 0.85, 0.95),
    (0.7, 0.92, 0.6),
)
WOODS: tuple[Colour, ...] = (
    (0.45, 0.3, 0.18),
    (0.25, 0.17, 0.12),
    (0.12, 0.12, 0.13),
    (0.66, 0.5, 0.34),
)
SCRAPS: tuple[Colour, ...] = (*NOTES, (0.96, 0.96, 0.95), (0.95, 0.93, 0.88))
TABLES: tuple[Colour, ...] = (*WOODS, (0.5, 0.5, 0.52), (0.75, 0.72, 0.68))
DESKS: tuple[Colour, ...] = ((0.8, 0.78, 0.74), (0.92, 0.92, 0.9), (0.7, 0.55, 0.4))


def sticky_note(shot: Shot) -> Colours:
    """A coloured note on a wooden table."""
    note = plain_paper(_one_of(NOTES, shot))
    return _on_wood(shot, drawn(note, shot.ink(), shot.pen()))


def paper_on_a_table(shot: Shot) -> Colours:
    """A sheet of paper on a wooden table."""
    return _on_wood(shot, drawn(plain_paper(), shot.ink(), shot.pen()))


def scrap_of_paper(shot: Shot) -> Colours:
    """A scrap, one side torn, seen at an angle, on a table of one tone or of wood."""
    table = _grained(_one_of(TABLES, shot), shot, 0.02 if shot.random.random() < 0.5 else 0.12)
    paper = drawn(plain_paper(_one_of(SCRAPS, shot)), shot.ink(), shot.pen())
    torn = 0.012 * shot.size * shot.clouds(6)
    return _laid(shot, paper, table, _four_sides(shot, torn), 0.35)


def dark_card(shot: Shot) -> Colours:
    """White on a black card, on a light desk."""
    desk = _grained(_one_of(DESKS, shot), shot, 0.03)
    card = drawn(plain_paper((0.13, 0.14, 0.16)), shot.ink(0, 0.3), (0.93, 0.93, 0.9))
    return _laid(shot, card, desk, _four_sides(shot, np.zeros_like(card[..., 0])), 0)


def _one_of(colours: tuple[Colour, ...], shot: Shot) -> Colour:
    return colours[shot.random.integers(len(colours))]


def _grained(colour: Colour, shot: Shot, contrast: float) -> Colours:
    wood: Colours = np.array(colour) * (1 + contrast * shot.clouds((1.5, 40)))[..., None]
    return wood


def _on_wood(shot: Shot, paper: Colours) -> Colours:
    """Around the digit, with room, lies paper; the rest is wood, light to black."""
    table = _grained(_one_of(WOODS, shot), shot, 0.12)
    x, y = shot.turned(12)
    left, right, top, bottom = (shot.size * shot.uniform(0.48, 0.9) for _ in range(4))
    sheet = ((x > -left) & (x < right) & (y > -top) & (y < bottom)).astype(np.float64)
    return _laid(shot, paper, table, sheet, 0.35)


def _four_sides(shot: Shot, torn: Plane) -> Plane:
    """A quadrilateral around the digit, as a rectangle is seen at an angle; its right is torn."""
    x, y = shot.turned(12)
    sheet = np.ones_like(x)
    for side in range(4):
        normal = side * np.pi / 2 + shot.uniform(-0.15, 0.15)
        far = shot.size * shot.uniform(0.5, 0.95) + (0 if side else torn)
        sheet[np.cos(normal) * x + np.sin(normal) * y > far] = 0
    return sheet


def _laid(shot: Shot, paper: Colours, table: Colours, sheet: Plane, shadow: float) -> Colours:
    """Paper where the sheet is, 1, and the table where it is not, with the sheet's shadow."""
    share = gaussian_filter(sheet, 0.8)[..., None]
    shade = 1 - shadow * gaussian_filter(sheet, 8)[..., None] * (1 - share)
    return lit(shot, paper * share + table * shade * (1 - share))
