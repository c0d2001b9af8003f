"""Colours of the studio: palettes, mixing without mud, and contrast as WCAG 2.2 defines it.

A colour is a triple of 8-bit sRGB values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

RGB = tuple[int, int, int]

WHITE: RGB = (255, 255, 255)
NEAR_BLACK: RGB = (17, 17, 20)

CONTRAST_LEAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA for text of any size."""

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True, slots=True)
class Palette:
    """Five colours with a part each.

    `deep` and `base` make the ground (from one to the other), `shape` and `spark` its figures,
    `accent` the call to action; ink is chosen against what is really behind it.
    """

    deep: RGB
    base: RGB
    shape: RGB
    spark: RGB
    accent: RGB


def rgb_of_hex(text: str) -> RGB | None:
    """Read `#rrggbb` or `#rgb`, the hash optional; None when it is neither."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])  # noqa: PLR2004 - rrggbb
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _named(*colours: str) -> Palette:
    deep, base, shape, spark, accent = (
        (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)) for text in colours
    )
    return Palette(deep, base, shape, spark, accent)


PALETTES = {
    "cobalt": _named("101a56", "2338d6", "4f6bff", "ff8fa3", "ffe14d"),
    "ember": _named("3a0d3f", "b3204d", "e8503a", "ffb457", "ffd76a"),
    "tide": _named("04263b", "0b5f80", "1e94a8", "8fe0d2", "ffd166"),
    "moss": _named("0f2a21", "1c5a41", "3f8a5b", "cfe08a", "f6ecd2"),
    "dusk": _named("1a1440", "4a2a82", "8a3f9c", "ff7a7a", "ffc46b"),
    "clay": _named("5a2015", "a8452b", "cf6f48", "f3c29b", "fff1df"),
    "ink": _named("121317", "25272e", "3a3d47", "8b90a0", "f4f4f0"),
    "paper": _named("f7f2e8", "efe5d2", "e0cfb0", "e4572e", "1f1d1a"),
    "mint": _named("e9f8f1", "cdeedd", "9fdcc0", "ff7d66", "0c4435"),
    "sorbet": _named("fff0ee", "ffd9d6", "ffb8b5", "ff6f7d", "5a1038"),
    "sun": _named("ffd44f", "ffbb38", "ff9a2e", "f4511e", "2a1408"),
    "lilac": _named("f1ecff", "dccfff", "bda6fb", "ff8ab5", "35157a"),
}
"""The named palettes."""

OWN_COLOURS_LEAST, OWN_COLOURS_MOST = 2, 5


def palette_of_colours(colours: Sequence[RGB]) -> Palette:
    """Give a list of two to five colours their parts: ground, its end, call to action, figures."""
    deep, base = colours[0], colours[1]
    if len(colours) == OWN_COLOURS_LEAST:
        accent = base
        base = mix(deep, base, 0.35)
    else:
        accent = colours[2]
    shape = colours[3] if len(colours) > 3 else mix(base, accent, 0.35)  # noqa: PLR2004 - the fourth
    spark = colours[4] if len(colours) > 4 else mix(accent, base, 0.25)  # noqa: PLR2004 - the fifth
    return Palette(deep, base, shape, spark, accent)


def _linear(value: float) -> float:
    """Undo sRGB's transfer curve, 0..255 to 0..1 (IEC 61966-2-1)."""
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - the standard's


def _encoded(share: float) -> float:
    clipped = min(max(share, 0.0), 1.0)
    curve = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055  # noqa: PLR2004 - the standard's
    return 255 * curve


LINEAR = tuple(_linear(value) for value in range(256))
"""Linear light of each 8-bit sRGB value."""


def luminance(colour: RGB) -> float:
    """Return the relative luminance of WCAG 2.2, 0 (black) to 1 (white)."""
    red, green, blue = colour
    return 0.2126 * LINEAR[red] + 0.7152 * LINEAR[green] + 0.0722 * LINEAR[blue]


def contrast(one: float, other: float) -> float:
    """Return the contrast ratio of WCAG 2.2 between two relative luminances, 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def _oklab(colour: RGB) -> tuple[float, float, float]:
    """Convert to Oklab (Ottosson 2020), in which a straight mix looks like one."""
    red, green, blue = (LINEAR[part] for part in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def exact_mix(one: RGB, other: RGB, share: float) -> tuple[float, float, float]:
    """Mix `share` (0..1) of `other` into `one` in Oklab; unrounded sRGB values for gradients."""
    here, there = _oklab(one), _oklab(other)
    light, a, b = (x + (y - x) * share for x, y in zip(here, there, strict=True))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """Mix `share` (0..1) of `other` into `one` in Oklab, rounded to a colour."""
    red, green, blue = exact_mix(one, other, share)
    return round(red), round(green), round(blue)
