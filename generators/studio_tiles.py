"""The mosaic of the studio's `tiles` layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from generators.studio_colour import RGB, WHITE, contrast, luminance, mix
from generators.studio_ground import Canvas, Point, disc, figure, polygon

if TYPE_CHECKING:
    from random import Random

    from PIL.ImageDraw import ImageDraw as Drawing

Choice = TypeVar("Choice")

_SEEN_APART = 1.28
_KINDS = ("quarter", "quarter", "quarter", "half", "disc", "ring", "triangle", "leaf")


def mosaic(canvas: Canvas, corner: Point, side: float, columns: int, rows: int) -> None:
    """Fill a grid of square tiles with simple figures; neighbours never share ground or kind."""
    palette, rng = canvas.palette, canvas.rng
    grounds = (
        palette.shape,
        palette.spark,
        palette.accent,
        palette.base,
        mix(palette.base, palette.deep, 0.5),
    )
    before: dict[tuple[int, int], tuple[RGB, str]] = {}
    for row in range(rows):
        for column in range(columns):
            beside = [before.get((row, column - 1)), before.get((row - 1, column))]
            ground = _other(rng, grounds, [near[0] for near in beside if near])
            kind = _other(rng, _KINDS, [near[1] for near in beside if near])
            ink = rng.choice([colour for colour in grounds if _apart(colour, ground)] or [WHITE])
            before[row, column] = (ground, kind)
            _tile(
                canvas,
                (corner[0] + column * side, corner[1] + row * side),
                side,
                kind,
                (ground, ink),
            )


def _apart(one: RGB, other: RGB) -> bool:
    return contrast(luminance(one), luminance(other)) >= _SEEN_APART


def _other(rng: Random, choices: tuple[Choice, ...], taken: list[Choice]) -> Choice:
    free = [choice for choice in choices if choice not in taken]
    return rng.choice(free or list(choices))


def _tile(canvas: Canvas, at: Point, side: float, kind: str, colours: tuple[RGB, RGB]) -> None:
    left, top = round(at[0]), round(at[1])
    right, bottom = round(at[0] + side), round(at[1] + side)
    ground, ink = colours
    canvas.image.paste(ground, (left, top, right, bottom))
    middle = ((left + right) / 2, (top + bottom) / 2)
    turn = canvas.rng.randrange(4)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    bounds = (left, top, right, bottom)
    if kind == "disc":
        disc(canvas, middle, 0.34 * side, ink)
    elif kind == "ring":
        disc(canvas, middle, 0.40 * side, ink)
        disc(canvas, middle, 0.18 * side, ground)
    elif kind == "triangle":
        polygon(canvas, [corners[turn], corners[(turn + 1) % 4], corners[(turn + 2) % 4]], ink)
    elif kind == "half":
        edge = [corners[turn], corners[(turn + 1) % 4]]
        centre = ((edge[0][0] + edge[1][0]) / 2, (edge[0][1] + edge[1][1]) / 2)
        figure(canvas, bounds, _circles((centre, side / 2)), ink)
    elif kind == "leaf":
        figure(canvas, bounds, _leaf(corners[turn], corners[(turn + 2) % 4], side), ink)
    else:
        figure(canvas, bounds, _circles((corners[turn], side)), ink)
        figure(canvas, bounds, _circles((corners[turn], 0.42 * side)), ground)


def _circles(*circles: tuple[Point, float]) -> Callable[..., None]:
    def paint(draw: Drawing, _: float, at: Callable[[float, float], Point]) -> None:
        for (x, y), radius in circles:
            draw.ellipse([at(x - radius, y - radius), at(x + radius, y + radius)], fill=255)

    return paint


def _leaf(one: Point, other: Point, side: float) -> Callable[..., None]:
    """The lens in which two quarter circles from opposite corners overlap."""

    def paint(draw: Drawing, _: float, at: Callable[[float, float], Point]) -> None:
        from PIL import Image, ImageChops, ImageDraw

        masks = []
        for x, y in (one, other):
            mask = Image.new("L", draw.im.size)
            corners = [at(x - side, y - side), at(x + side, y + side)]
            ImageDraw.Draw(mask).ellipse(corners, fill=255)
            masks.append(mask)
        draw.bitmap((0, 0), ImageChops.darker(*masks), fill=255)

    return paint
