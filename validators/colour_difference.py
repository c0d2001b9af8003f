"""How different two colours look, and how well one can be read on the other.

sRGB to CIE L*a*b* (D65, 2 degrees) after IEC 61966-2-1 and CIE 15; the difference is CIEDE2000
after Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes,
Supplementary Test Data, and Mathematical Observations", Color Research and Application 30 (2005),
whose 34 test pairs are in the tests. Contrast is that of WCAG 2.2, success criterion 1.4.3.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Annotated, Final

from pydantic import AfterValidator

_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_WHITE_X: Final = 0.95047
_WHITE_Z: Final = 1.08883
_EPSILON: Final = 216 / 24389
_KAPPA: Final = 24389 / 27
_25_TO_THE_7TH: Final = 25.0**7
_KNEE: Final = 0.04045
_TURN: Final = 360.0
_HALF_TURN: Final = 180.0

Rgb = tuple[int, int, int]
Lab = tuple[float, float, float]


def _hex_colour(value: str) -> str:
    lowered = value.lower()
    if not _HEX.fullmatch(lowered):
        raise ValueError('a colour as "#rrggbb", in quotes')
    return lowered


HexColour = Annotated[str, AfterValidator(_hex_colour)]
"""An sRGB colour written as `#rrggbb`."""


def rgb_of(colour: str) -> Rgb:
    """Return the three numbers of a `#rrggbb`."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def hex_of(rgb: Rgb) -> str:
    """Return the colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _linear(level: int) -> float:
    value = level / 255
    return value / 12.92 if value <= _KNEE else float(((value + 0.055) / 1.055) ** 2.4)


LINEAR: Final = tuple(_linear(level) for level in range(256))
"""The light that each of the 256 levels of sRGB stands for, 0 to 1."""


@functools.lru_cache(maxsize=65_536)
def lab_of(rgb: Rgb) -> Lab:
    """Return L* (0 to 100), a* and b* of an sRGB colour."""
    red, green, blue = (LINEAR[level] for level in rgb)
    x = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
    fx, fy, fz = _cube(x / _WHITE_X), _cube(y), _cube(z / _WHITE_Z)
    return (116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def _cube(part: float) -> float:
    return math.cbrt(part) if part > _EPSILON else (_KAPPA * part + 16) / 116


def delta_e_2000(one: Lab, other: Lab) -> float:
    """Return the CIEDE2000 difference: 1 is just noticeable side by side, 100 black to white."""
    l1, a1, b1 = one
    l2, a2, b2 = other
    mean_chroma = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    grey = 1.5 - 0.5 * _weight(mean_chroma)
    a1, a2 = a1 * grey, a2 * grey
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = _hue(a1, b1), _hue(a2, b2)
    apart = h2 - h1 if c1 * c2 else 0.0
    if apart > _HALF_TURN:
        apart -= _TURN
    elif apart < -_HALF_TURN:
        apart += _TURN
    lightness = l2 - l1
    chroma = c2 - c1
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(apart) / 2)
    mean_c = (c1 + c2) / 2
    mean_h = _mean_hue(h1, h2, c1 * c2)
    hue_weight = (
        1
        - 0.17 * _cosine(mean_h - 30)
        + 0.24 * _cosine(2 * mean_h)
        + 0.32 * _cosine(3 * mean_h + 6)
        - 0.20 * _cosine(4 * mean_h - 63)
    )
    in_chroma = chroma / (1 + 0.045 * mean_c)
    in_hue = hue / (1 + 0.015 * mean_c * hue_weight)
    turn = 30 * math.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -math.sin(math.radians(2 * turn)) * 2 * _weight(mean_c)
    in_lightness = lightness / lightness_weight(l1, l2)
    return math.sqrt(in_lightness**2 + in_chroma**2 + in_hue**2 + rotation * in_chroma * in_hue)


def lightness_weight(one: float, other: float) -> float:
    """Return S_L: |L1 - L2| / S_L alone is never more than the whole difference."""
    square = ((one + other) / 2 - 50) ** 2
    return 1 + 0.015 * square / math.sqrt(20 + square)


def _weight(chroma: float) -> float:
    power = chroma**7
    return math.sqrt(power / (power + _25_TO_THE_7TH))


def _hue(a: float, b: float) -> float:
    return math.degrees(math.atan2(b, a)) % _TURN if a or b else 0.0


def _mean_hue(one: float, other: float, chromas: float) -> float:
    if not chromas:
        return one + other
    if abs(one - other) <= _HALF_TURN:
        return (one + other) / 2
    return (one + other + (_TURN if one + other < _TURN else -_TURN)) / 2


def _cosine(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def luminance(rgb: Rgb) -> float:
    """Return the relative luminance of WCAG 2.2: 0 for black, 1 for white."""
    red, green, blue = (LINEAR[level] for level in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    """Return the contrast ratio of two relative luminances, 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
