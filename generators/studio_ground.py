"""Grounds and figures of the studio: smooth gradients without bands, figures with clean edges.

Pillow draws neither by itself. A gradient is made of a few colours in floating point, spread over
the picture by interpolation, and ordered dithering (Bayer 1973) decides the last bit of each pixel.
A figure is drawn larger as a mask, only where it shows, and averaged down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, cast

from PIL import Image, ImageDraw, ImageMath

from generators.studio_colour import RGB, Palette, exact_mix

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Drawing

Point = tuple[float, float]
Exact = tuple[float, float, float]

# Masks larger than these are oversampled less: their edges are long and their cost is square.
_FINE_PIXELS, _MEDIUM_PIXELS = 250_000, 1_500_000
_GRID = 7


@dataclass(slots=True)
class Canvas:
    """What a layout draws on: the picture so far, its colours and its chance."""

    image: Image.Image
    palette: Palette
    rng: Random

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.image.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.image.height

    @property
    def unit(self) -> int:
        """The shorter side in pixels, by which figures are sized."""
        return min(self.image.size)


def _bayer(order: int) -> list[list[int]]:
    if order == 0:
        return [[0]]
    quarter = _bayer(order - 1)
    top = [[4 * value for value in row] + [4 * value + 2 for value in row] for row in quarter]
    low = [[4 * value + 3 for value in row] + [4 * value + 1 for value in row] for row in quarter]
    return top + low


@lru_cache(maxsize=2)
def _threshold(width: int, height: int) -> Image.Image:
    """Tile the 8 x 8 Bayer matrix over a picture, as thresholds between 0 and 1."""
    tile = Image.new("F", (8, 8))
    tile.putdata([(value + 0.5) / 64 for row in _bayer(3) for value in row])
    field = Image.new("F", (width, height))
    field.paste(tile, (0, 0))
    across, down = 8, 8
    while across < width:
        field.paste(field.crop((0, 0, across, 8)), (across, 0))
        across *= 2
    while down < height:
        field.paste(field.crop((0, 0, width, down)), (0, down))
        down *= 2
    return field


def spread(size: tuple[int, int], colours: Sequence[Sequence[Exact]]) -> Image.Image:
    """Spread a grid of exact colours (rows of sRGB values) smoothly over a picture, dithered."""
    rows, columns = len(colours), len(colours[0])
    threshold = _threshold(*size)
    channels: list[Image.Image] = []
    for part in range(3):
        grid = Image.new("F", (columns, rows))
        grid.putdata([colour[part] for row in colours for colour in row])
        # The box starts and ends in the middle of the outer colours, so that none is flat there.
        box = (0.5, 0.5, columns - 0.5, rows - 0.5)
        field = grid.resize(size, Image.Resampling.BICUBIC, box=box)
        channels.append(_truncated(field, threshold))
    return Image.merge("RGB", channels)


def _truncated(field: Image.Image, threshold: Image.Image) -> Image.Image:
    """Add the threshold and drop the fraction: on average every pixel keeps its exact value."""
    exact = ImageMath.lambda_eval(
        lambda a: a["field"] + a["threshold"], field=field, threshold=threshold
    )
    return cast("Image.Image", exact).convert("L")


def linear(size: tuple[int, int], one: RGB, other: RGB, degrees: float) -> Image.Image:
    """Run from one colour to another; 0 degrees is left to right, 90 top to bottom."""
    across, down = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    reach = abs(across) + abs(down)

    def share(x: float, y: float) -> float:
        return ((x - 0.5) * across + (y - 0.5) * down) / reach + 0.5

    return field_of(size, lambda x, y: exact_mix(one, other, share(x, y)))


def field_of(size: tuple[int, int], colour_at: Callable[[float, float], Exact]) -> Image.Image:
    """Spread a colour field, given at places from 0 to 1 in both directions."""
    steps = [index / (_GRID - 1) for index in range(_GRID)]
    return spread(size, [[colour_at(x, y) for x in steps] for y in steps])


Painter = Callable[["Drawing", float, Callable[[float, float], Point]], None]
"""Draws a figure's mask: the drawing, the oversampling, and where a picture's point lies on it."""


def figure(
    canvas: Canvas,
    bounds: tuple[float, float, float, float],
    paint: Painter,
    colour: RGB | Image.Image,
    opacity: float = 1.0,
) -> None:
    """Draw a figure with smooth edges, in a colour or out of another picture of the same size."""
    left, top = max(0, math.floor(bounds[0])), max(0, math.floor(bounds[1]))
    right, bottom = (
        min(canvas.width, math.ceil(bounds[2])),
        min(canvas.height, math.ceil(bounds[3])),
    )
    if right <= left or bottom <= top:
        return
    area = (right - left) * (bottom - top)
    finer = 4 if area <= _FINE_PIXELS else 3 if area <= _MEDIUM_PIXELS else 2
    mask = Image.new("L", ((right - left) * finer, (bottom - top) * finer))
    paint(
        ImageDraw.Draw(mask),
        finer,
        lambda x, y: ((x - left) * finer - 0.5, (y - top) * finer - 0.5),
    )
    mask = mask.reduce(finer)
    if opacity < 1:
        mask = mask.point([round(value * opacity) for value in range(256)])
    box = (left, top, right, bottom)
    source = colour.crop(box) if isinstance(colour, Image.Image) else colour
    canvas.image.paste(source, box, mask)


def disc(
    canvas: Canvas, middle: Point, radius: float, colour: RGB | Image.Image, opacity: float = 1.0
) -> None:
    """Draw a full circle."""
    ring(canvas, middle, radius, radius, colour, opacity)


def ring(
    canvas: Canvas,
    middle: Point,
    radius: float,
    thickness: float,
    colour: RGB | Image.Image,
    opacity: float = 1.0,
) -> None:
    """Draw a circle's band that reaches `thickness` inwards from its radius."""
    x, y = middle

    def paint(draw: Drawing, finer: float, at: Callable[[float, float], Point]) -> None:
        draw.ellipse([at(x - radius, y - radius), at(x + radius, y + radius)], fill=255)
        hole = radius - thickness
        if hole > 1 / finer:
            draw.ellipse([at(x - hole, y - hole), at(x + hole, y + hole)], fill=0)

    figure(canvas, (x - radius, y - radius, x + radius, y + radius), paint, colour, opacity)


def polygon(
    canvas: Canvas, points: Sequence[Point], colour: RGB | Image.Image, opacity: float = 1.0
) -> None:
    """Draw a filled polygon."""

    def paint(draw: Drawing, _: float, at: Callable[[float, float], Point]) -> None:
        draw.polygon([at(*point) for point in points], fill=255)

    across, down = [point[0] for point in points], [point[1] for point in points]
    figure(canvas, (min(across), min(down), max(across), max(down)), paint, colour, opacity)


def pill(canvas: Canvas, box: tuple[float, float, float, float], colour: RGB) -> None:
    """Draw a rectangle whose short ends are half circles."""

    def paint(draw: Drawing, finer: float, at: Callable[[float, float], Point]) -> None:
        radius = (box[3] - box[1]) / 2 * finer
        draw.rounded_rectangle([at(box[0], box[1]), at(box[2], box[3])], radius=radius, fill=255)

    figure(canvas, (box[0], box[1], box[2] + 1, box[3] + 1), paint, colour)
