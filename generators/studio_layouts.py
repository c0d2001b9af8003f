"""The studio's layout families: where the words go, and what is drawn around them.

Every family adapts to the shapes of card: tall (a story), square (a post), wide (a link's picture)
and strip (a banner). A layout's frame is known before anything is drawn, so that words can be
fitted without drawing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL.ImageDraw import ImageDraw

from generators.studio_colour import RGB, exact_mix, mix
from generators.studio_frames import (
    STRIP_FIGURE,
    Frame,
    beside,
    centred,
    next_to_photo,
    shape_of,
    upper,
    whole,
)
from generators.studio_ground import Canvas, disc, field_of, figure, linear, polygon, ring
from generators.studio_tiles import mosaic


@dataclass(frozen=True, slots=True)
class Layout:
    """One family: the frame for a size, and the drawing around it."""

    frame: Callable[[int, int], Frame]
    paint: Callable[[Canvas], None]
    needs_photo: bool = False
    brand_in_corner: bool = True
    """Whether the upper left corner is free for the brand; else it stands over the headline."""


def _ground(canvas: Canvas, degrees: float) -> None:
    palette = canvas.palette
    turned = degrees + canvas.rng.uniform(-14, 14)
    canvas.image.paste(linear(canvas.image.size, palette.deep, palette.base, turned))


def _aurora(canvas: Canvas) -> None:
    """Soft light: one glow in the corner away from the words, one colder across from it."""
    palette, rng = canvas.palette, canvas.rng
    glow = (rng.uniform(0.86, 1.08), rng.uniform(-0.12, 0.08))
    cool = (rng.uniform(0.30, 0.55), rng.uniform(-0.30, -0.15))
    low = (rng.uniform(0.95, 1.2), rng.uniform(0.85, 1.1))
    reach = rng.uniform(0.30, 0.38)
    slope = min(1.5, max(0.8, canvas.height / canvas.width))

    def near(x: float, y: float, place: tuple[float, float], width: float) -> float:
        down = (y - place[1]) * slope
        return math.exp(-(((x - place[0]) ** 2) + down**2) / (2 * width**2))

    def colour_at(x: float, y: float) -> tuple[float, float, float]:
        colour = mix(palette.deep, palette.base, 0.55 * near(x, y, low, 0.45))
        colour = mix(colour, palette.base, 0.9 * near(x, y, cool, 1.25 * reach))
        colour = mix(colour, palette.shape, near(x, y, glow, 1.15 * reach))
        return exact_mix(colour, palette.spark, 0.95 * near(x, y, glow, 0.72 * reach))

    canvas.image.paste(field_of(canvas.image.size, colour_at))


def _diagonal(canvas: Canvas) -> None:
    """Two fields that meet on a slant, and a bright seam along it."""
    _ground(canvas, 60)
    palette, width, height = canvas.palette, canvas.width, canvas.height
    sway = canvas.rng.uniform(-0.03, 0.03)
    wide = shape_of(width, height) in {"wide", "strip"}
    if wide:
        foot = (0.64 + sway) * width
        if shape_of(width, height) == "strip":
            foot = width - (STRIP_FIGURE - 0.1) * height
        head = foot + 0.34 * height
        start, end = (head, 0.0), (foot, float(height))
        far = [(float(width), float(height)), (float(width), 0.0)]
    else:
        start, end = (
            (0.0, (0.40 + sway) * height),
            (float(width), (0.40 + sway) * height - 0.42 * width),
        )
        far = [(float(width), 0.0), (0.0, 0.0)]
        if end[1] < 0:
            end = (width * start[1] / (start[1] - end[1]), 0.0)
            far = [(0.0, 0.0)]
    field = linear((width, height), palette.shape, palette.spark, -35)
    polygon(canvas, [start, end, *far], field)
    along = math.hypot(end[0] - start[0], end[1] - start[1])
    side = 1 if wide else -1
    off = ((end[1] - start[1]) / along * side, (start[0] - end[0]) / along * side)
    for near, far_off, colour in ((0.0, 0.020, palette.accent), (0.05, 0.058, palette.spark)):
        _band(canvas, start, end, (near, far_off), off, colour)


def _band(
    canvas: Canvas,
    start: tuple[float, float],
    end: tuple[float, float],
    between: tuple[float, float],
    off: tuple[float, float],
    colour: RGB,
) -> None:
    """Draw a stripe beside a line, from one distance to another, past the card's edges."""
    longer = (end[0] - start[0], end[1] - start[1])
    one = (start[0] - longer[0], start[1] - longer[1])
    two = (end[0] + longer[0], end[1] + longer[1])
    near, far = (distance * canvas.unit for distance in between)
    polygon(
        canvas,
        [
            (one[0] - off[0] * near, one[1] - off[1] * near),
            (two[0] - off[0] * near, two[1] - off[1] * near),
            (two[0] - off[0] * far, two[1] - off[1] * far),
            (one[0] - off[0] * far, one[1] - off[1] * far),
        ],
        colour,
    )


def _corner(canvas: Canvas) -> tuple[float, float, float]:
    """Return middle and radius of the figure that the words leave room for."""
    width, height = canvas.width, canvas.height
    shape = shape_of(width, height)
    if shape == "strip":
        return width - 0.5 * height, 0.5 * height, 0.56 * height
    if shape == "wide":
        return 0.83 * width, 0.47 * height, 0.40 * height
    if shape == "tall":
        return 0.66 * width, 0.24 * height, 0.34 * width
    return 0.77 * width, 0.20 * height, 0.235 * canvas.unit


def _circle(canvas: Canvas) -> None:
    """One large disc with its own light, rings around it and a small moon."""
    _ground(canvas, 80)
    palette, unit, rng = canvas.palette, canvas.unit, canvas.rng
    x, y, radius = _corner(canvas)
    line = max(1.0, 0.0035 * unit)
    for step, opacity in ((1.20, 0.5), (1.42, 0.3)):
        ring(canvas, (x, y), radius * step, line, palette.spark, opacity)
    light = linear(canvas.image.size, palette.spark, palette.shape, rng.uniform(40, 65))
    disc(canvas, (x, y), radius, light)
    turn = math.radians(rng.uniform(150, 215))
    moon = (x + 1.22 * radius * math.cos(turn), y - 1.22 * radius * math.sin(turn) * 0.9)
    disc(canvas, moon, 0.085 * radius + 0.01 * unit, palette.accent)


def _waves(canvas: Canvas) -> None:
    """Four swells at the foot of the card, each lighter than the one behind it."""
    _ground(canvas, 90)
    palette, width, height, rng = canvas.palette, canvas.width, canvas.height, canvas.rng
    colours: tuple[RGB, ...] = (
        mix(palette.base, palette.shape, 0.55),
        palette.shape,
        mix(palette.shape, palette.spark, 0.5),
        palette.spark,
    )
    crest = 0.68
    if shape_of(width, height) == "strip":
        # A strip's words stand on the swells, which therefore keep to the ground's own tones.
        crest, colours = 0.56, (mix(palette.deep, palette.base, 0.75), palette.base)
    phase = rng.uniform(0, 2 * math.pi)
    for index, colour in enumerate(colours):
        level = (crest + 0.078 * index) * height
        swell = (0.050 - 0.006 * index) * height
        length = width * (0.95 + 0.22 * index) if width < 2 * height else 1.6 * height
        shift = phase + index * rng.uniform(1.3, 1.9)
        steps = max(24, width // 12)
        line = [
            (
                width * step / steps,
                level
                + swell * math.sin(2 * math.pi * width * step / steps / length + shift)
                + 0.35 * swell * math.sin(4.4 * math.pi * width * step / steps / length - shift),
            )
            for step in range(steps + 1)
        ]
        polygon(canvas, [(0.0, height + 1.0), *line, (width + 1.0, height + 1.0)], colour)


def _stripes(canvas: Canvas) -> None:
    """Bands of all colours that bend round a corner, as on a record sleeve."""
    _ground(canvas, 70)
    palette, width, height = canvas.palette, canvas.width, canvas.height
    shape = shape_of(width, height)
    outer = {
        "tall": 0.84 * width,
        "square": 0.49 * width,
        "wide": 0.86 * height,
        "strip": 0.95 * height,
    }[shape]
    middle = (
        float(width),
        0.0 if canvas.rng.choice((True, False)) or shape != "wide" else float(height),
    )
    band = outer / canvas.rng.uniform(5.7, 6.7)
    colours = (
        palette.shape,
        mix(palette.shape, palette.spark, 0.5),
        palette.spark,
        palette.accent,
        mix(palette.spark, palette.accent, 0.5),
    )
    for index, colour in enumerate(colours):
        ring(canvas, middle, outer - index * band, band * 1.01, colour)


def _dots(canvas: Canvas) -> None:
    """A field of dots that swell towards the corner, like light through a raster."""
    _ground(canvas, 75)
    palette, width, height, unit = canvas.palette, canvas.width, canvas.height, canvas.unit
    pitch = max(5.0, unit / 21)
    strip = shape_of(width, height) == "strip"
    reach = {"tall": 0.92, "square": 0.62, "wide": 0.98, "strip": 1.3}[
        shape_of(width, height)
    ] * unit
    middle = (width * canvas.rng.uniform(0.93, 1.02), height * canvas.rng.uniform(-0.02, 0.1))
    if strip:
        pitch = max(5.0, unit / 9)

    def paint(draw: ImageDraw, _: float, at: Callable[[float, float], tuple[float, float]]) -> None:
        for row in range(int(height / pitch / 0.866) + 2):
            y = row * pitch * 0.866
            for column in range(int(width / pitch) + 2):
                x = width - (column + 0.5 * (row % 2)) * pitch
                near = 1 - math.hypot(x - middle[0], y - middle[1]) / reach
                radius = 0.47 * pitch * near**0.75 if near > 0 else 0.0
                if radius > 0.045 * pitch:
                    draw.ellipse([at(x - radius, y - radius), at(x + radius, y + radius)], fill=255)

    light = linear((width, height), palette.shape, palette.spark, -40)
    box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    figure(canvas, box, paint, light)


def _tiles(canvas: Canvas) -> None:
    """A mosaic of quarter circles, discs and halves in all the palette's colours."""
    _ground(canvas, 90)
    width, height = canvas.width, canvas.height
    shape = shape_of(width, height)
    if shape in {"wide", "strip"}:
        rows = 3 if shape == "wide" else 2
        side = height / rows
        columns = max(2, round(0.37 * width / side)) if shape == "wide" else 2
        mosaic(canvas, (width - columns * side, 0.0), side, columns, rows)
    else:
        columns = 4 if shape == "tall" else 5
        side = width / columns
        rows = max(2, round(0.38 * height / side)) if shape == "tall" else 2
        mosaic(canvas, (0.0, 0.0), side, columns, rows)


_FINE_LINE_FROM_PX = 200


def _poster(canvas: Canvas) -> None:
    """Words first: a calm ground in a fine frame whose corners are scooped out."""
    palette, unit = canvas.palette, canvas.unit
    end = mix(palette.deep, palette.base, 0.7)
    canvas.image.paste(linear(canvas.image.size, palette.deep, end, canvas.rng.uniform(35, 85)))
    spark, scoop = palette.spark, canvas.rng.uniform(0.045, 0.095) * unit
    _scooped(canvas, 0.040 * unit, scoop, max(1.0, 0.0045 * unit), spark)
    if unit >= _FINE_LINE_FROM_PX:
        _scooped(canvas, 0.054 * unit, scoop, max(0.6, 0.0018 * unit), spark)


def _scooped(canvas: Canvas, inset: float, scoop: float, line: float, colour: RGB) -> None:
    """Draw a frame's line at a distance from the edge, a quarter circle cut from each corner."""
    left, top, right, bottom = inset, inset, canvas.width - inset, canvas.height - inset

    def paint(
        draw: ImageDraw, finer: float, at: Callable[[float, float], tuple[float, float]]
    ) -> None:
        width = max(1, round(line * finer))
        for y in (top, bottom):
            draw.line([at(left + scoop, y), at(right - scoop, y)], fill=255, width=width)
        for x in (left, right):
            draw.line([at(x, top + scoop), at(x, bottom - scoop)], fill=255, width=width)
        arcs = ((left, top, 0), (right, top, 90), (right, bottom, 180), (left, bottom, 270))
        reach = scoop + line / 2
        for x, y, start in arcs:
            box = [at(x - reach, y - reach), at(x + reach, y + reach)]
            draw.arc(box, start, start + 90, fill=255, width=width)

    rim = line
    figure(canvas, (left - rim, top - rim, right + rim, bottom + rim), paint, colour)


def _photo(canvas: Canvas) -> None:
    """The photograph is already there; the card's scrim goes over it where the words are."""


def _split(canvas: Canvas) -> None:
    """Words on the ground, the photograph beside or above them."""
    _ground(canvas, 80)


LAYOUTS: Mapping[str, Layout] = {
    "aurora": Layout(whole, _aurora),
    "circle": Layout(beside, _circle),
    "diagonal": Layout(beside, _diagonal, brand_in_corner=False),
    "dots": Layout(beside, _dots),
    "photo": Layout(whole, _photo, needs_photo=True),
    "poster": Layout(centred, _poster, brand_in_corner=False),
    "split": Layout(next_to_photo, _split, needs_photo=True, brand_in_corner=False),
    "stripes": Layout(beside, _stripes),
    "tiles": Layout(
        lambda width, height: beside(width, height, kept=0.50, from_top=0.42),
        _tiles,
        brand_in_corner=False,
    ),
    "waves": Layout(upper, _waves),
}
"""The families by name."""
