"""Composing a card: ground, figures, photograph, scrim, words, in this order.

The colour of every text is chosen after the ground is drawn, from the pixels that are really behind
it. Where neither light nor dark ink would have the contrast that WCAG asks for, the ground
is veiled behind the words, softly and no more than needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from PIL import Image, ImageOps

from generators.studio_colour import (
    CONTRAST_LEAST,
    LINEAR,
    NEAR_BLACK,
    RGB,
    WHITE,
    Palette,
    contrast,
    luminance,
    mix,
)
from generators.studio_frames import photo_half
from generators.studio_ground import Canvas, disc, pill
from generators.studio_layouts import LAYOUTS
from generators.studio_setting import Box, Line, Setting, Words, fitted
from generators.studio_type import draw_line

Pixels = tuple[int, int, int, int]

_BLACK: RGB = (0, 0, 0)
# Luminances are read from 8-bit pictures, where a step near black is 2 % of what it is added to.
_CONTRAST_AIM = CONTRAST_LEAST * 1.04
_VEILS = (0.2, 0.35, 0.5, 0.62, 0.74, 0.86, 0.95)
_PILL_SEEN = 1.7


@dataclass(frozen=True, slots=True)
class Design:
    """Everything that decides a card's pixels."""

    size: tuple[int, int]
    layout: str
    palette: Palette
    words: Words
    seed: int


@dataclass(frozen=True, slots=True)
class Inked:
    """One line and the colour that it is drawn in."""

    line: Line
    colour: RGB


@dataclass(frozen=True, slots=True)
class Composition:
    """A card before its letters: the ground with all that lies behind them, and the lines."""

    ground: Image.Image
    inked: tuple[Inked, ...]


def setting_of(design: Design) -> Setting | None:
    """Fit the design's words; None when they cannot be set legibly at this size."""
    layout = LAYOUTS[design.layout]
    frame = layout.frame(*design.size)
    return fitted(design.words, frame, design.size, brand_in_corner=layout.brand_in_corner)


def compose(design: Design, setting: Setting, photo: Image.Image | None) -> Composition:
    """Draw all that lies behind the letters, and choose their colours."""
    canvas = Canvas(
        Image.new("RGB", design.size, design.palette.deep),
        design.palette,
        Random(design.seed),  # noqa: S311 - chance of taste, not of secrets
    )
    LAYOUTS[design.layout].paint(canvas)
    if photo is not None:
        _lay_photo(canvas, design.layout, photo)
    inked: list[Inked] = []
    ink: RGB | None = WHITE if design.layout == "photo" else None
    for roles in ({"headline", "subline"}, {"brand"}):
        group = [line for line in setting.lines if line.role in roles]
        if not group:
            continue
        boxes = [_behind(line, design.size) for line in group]
        seen = _seen(canvas, boxes)
        # A card keeps to one ink where it can, and over a photograph that ink is white.
        choices = _preferred(canvas.palette, seen)
        if ink is not None:
            choices = [ink] if design.layout == "photo" else [ink, *choices]
        readable = (choice for choice in choices if _worst(choice, seen) >= _CONTRAST_AIM)
        ink = next(readable, None) or _veiled(canvas, boxes, choices[0])
        inked += [Inked(line, ink) for line in group]
    if setting.pill is not None:
        labels = [line for line in setting.lines if line.role == "cta"]
        colour = _draw_pill(canvas, setting.pill, inked[0].colour)
        inked += [Inked(line, colour) for line in labels]
    for part in inked:
        if part.line.role == "brand":
            _draw_mark(canvas, part)
    return Composition(canvas.image, tuple(inked))


def draw_words(composition: Composition) -> Image.Image:
    """Draw the letters over a composition's ground, which is changed, and return it."""
    for part in composition.inked:
        line = part.line
        draw_line(
            composition.ground,
            line.x,
            line.baseline,
            text=line.text,
            voice=line.voice,
            size_px=line.size_px,
            fill=part.colour,
        )
    return composition.ground


def _lay_photo(canvas: Canvas, layout: str, photo: Image.Image) -> None:
    whole = (0, 0, canvas.width, canvas.height)
    box = photo_half(canvas.width, canvas.height) if layout == "split" else whole
    size = (box[2] - box[0], box[3] - box[1])
    # A little nearer or further, a little to a side: two seeds never give the same card.
    nearer = canvas.rng.uniform(0.0, 0.045)
    place = (canvas.rng.uniform(0.35, 0.65), canvas.rng.uniform(0.35, 0.65))
    covered = ImageOps.fit(
        photo.convert("RGB"), size, Image.Resampling.LANCZOS, bleed=nearer, centering=place
    )
    canvas.image.paste(covered, box)
    if layout != "split":
        _shade(canvas)


def _shade(canvas: Canvas) -> None:
    """Darken a photograph towards its foot, where the words are, in the palette's own dark."""
    deep = canvas.palette.deep
    tint = mix(deep, NEAR_BLACK, 0.55) if luminance(deep) < 0.2 else NEAR_BLACK  # noqa: PLR2004 - a dark colour
    ramp = Image.new("L", (1, 64))
    ramp.putdata([round(205 * max(0.0, (row / 63 - 0.22) / 0.78) ** 1.25) for row in range(64)])
    canvas.image.paste(tint, mask=ramp.resize(canvas.image.size, Image.Resampling.BICUBIC))


def _behind(line: Line, size: tuple[int, int]) -> Pixels:
    """Return the pixels that a line covers, and a rim around them, within the card."""
    left, top, right, bottom = line.ink
    rim = 2 + 0.04 * line.size_px
    return (
        max(0, int(left - rim)),
        max(0, int(top - rim)),
        min(size[0], int(right + rim) + 1),
        min(size[1], int(bottom + rim) + 1),
    )


_LIGHT = [round(255 * share) for share in LINEAR] * 3


def luminances(region: Image.Image) -> tuple[float, float]:
    """Return the lowest and the highest relative luminance of an RGB picture's pixels."""
    light = region.point(_LIGHT).convert("L", (0.2126, 0.7152, 0.0722, 0))
    low, high = cast("tuple[int, int]", light.getextrema())
    return low / 255, high / 255


def _worst(ink: RGB, seen: tuple[float, float]) -> float:
    """Return the lowest contrast of an ink against any pixel behind it."""
    return min(contrast(luminance(ink), end) for end in seen)


def _inks(palette: Palette) -> tuple[RGB, RGB]:
    """White, and the palette's darkest colour made dark enough to read."""
    parts = (palette.deep, palette.accent, palette.base)
    darkest = min(parts, key=luminance)
    return WHITE, mix(darkest, NEAR_BLACK, 0.45)


def _veiled(canvas: Canvas, boxes: Sequence[Pixels], ink: RGB) -> RGB:
    """Veil the ground behind boxes, no more than an ink needs to read there, and return the ink."""
    veil = WHITE if luminance(ink) < luminance(WHITE) else _inks(canvas.palette)[1]
    left, top, right, bottom = zip(*boxes, strict=True)
    box = (min(left), min(top), max(right), max(bottom))
    clean = canvas.image.copy()
    for strength in _VEILS:
        canvas.image.paste(clean)
        _veil(canvas, box, veil, strength)
        if _worst(ink, _seen(canvas, boxes)) >= _CONTRAST_AIM:
            break
    return ink


def _seen(canvas: Canvas, boxes: Sequence[Pixels]) -> tuple[float, float]:
    """Return the lowest and the highest relative luminance in any of the boxes."""
    ends = [luminances(canvas.image.crop(box)) for box in boxes]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _preferred(palette: Palette, seen: tuple[float, float]) -> list[RGB]:
    """Sort a palette's inks by how well they read over what is seen; plain black comes last."""
    return [*sorted(_inks(palette), key=lambda ink: -_worst(ink, seen)), _BLACK]


def _veil(canvas: Canvas, box: Pixels, colour: RGB, strength: float) -> None:
    """Lay a colour over a box and on to the card's nearest edge, fading out the other way.

    Running on to an edge makes it a shadow of the card; a cloud around words looks like a stain.
    """
    width, height = canvas.image.size
    gaps = (
        (box[0] / width, "left", box[2], width),
        (box[1] / height, "top", box[3], height),
        (1 - box[3] / height, "bottom", height - box[1], height),
    )
    across = box[2] - box[0] > 0.62 * width
    _, edge, kept, span = min(gap for gap in gaps if not (across and gap[1] == "left"))
    steps = 64
    fade = 0.32 * canvas.unit
    ramp = [
        round(255 * strength * _eased(1 - ((step + 0.5) * span / steps - kept - 1) / fade))
        for step in range(steps)
    ]
    if edge == "bottom":
        ramp.reverse()
    small = Image.new("L", (steps, 1) if edge == "left" else (1, steps))
    small.putdata(ramp)
    canvas.image.paste(colour, mask=small.resize(canvas.image.size, Image.Resampling.BILINEAR))


def _eased(share: float) -> float:
    """Ease a share from 0 to 1 so that neither end shows (smoothstep)."""
    clipped = min(1.0, max(0.0, share))
    return clipped * clipped * (3 - 2 * clipped)


def _draw_pill(canvas: Canvas, box: Box, ink: RGB) -> RGB:
    """Draw the call to action's pill in the accent, or in ink where the accent would not show."""
    area = (int(box[0]), int(box[1]), int(box[2]) + 1, int(box[3]) + 1)
    behind = canvas.image.crop(area).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    accent = canvas.palette.accent
    shows = isinstance(behind, tuple) and (
        contrast(luminance(accent), luminance((behind[0], behind[1], behind[2]))) >= _PILL_SEEN
    )
    fill = accent if shows else ink
    pill(canvas, box, fill)
    level = (luminance(fill), luminance(fill))
    best = max(_inks(canvas.palette), key=lambda colour: _worst(colour, level))
    return best if _worst(best, level) >= CONTRAST_LEAST else _BLACK


def _draw_mark(canvas: Canvas, brand: Inked) -> None:
    """Draw the dot before the brand."""
    size = brand.line.size_px
    left = brand.line.ink[0]
    middle = (left - 0.62 * size, brand.line.baseline - 0.36 * size)
    disc(canvas, middle, 0.27 * size, brand.colour)
