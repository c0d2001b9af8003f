"""What a picture looks like in 64 bits, to find it again after it was resized or re-encoded.

The perceptual hash known as pHash, by the same recipe as the library ImageHash: the picture in grey
at 32 by 32 pixels, its discrete cosine transform, the 64 lowest frequencies, each bit whether one
is above their median. The distance of two pictures is the number of bits that differ.

Measured on photographs (docs/criteria-rates.md): two different ones are 16 or more apart,
one that was halved, saved as JPEG at quality 40 or made a fifth brighter at most 12. A picture
cropped by more than a few percent or turned is not found again; the mirrored one is, because the
mirror only changes the sign of every other frequency. One flat colour has no hash worth the name:
every blank picture is the same as every other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from validators.page import on_page

if TYPE_CHECKING:
    from validators.picture import Picture

BITS: Final = 64
_SIDE: Final = 32
_LOW: Final = 8
_PROXY: Final = 256
_COSINES: Final = tuple(
    tuple(math.cos(math.pi * frequency * (2 * at + 1) / (2 * _SIDE)) for at in range(_SIDE))
    for frequency in range(_LOW)
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of a picture and that of its mirror image, each 16 hex digits."""

    phash: str
    mirrored: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """The nearest of the known pictures: its place among them, the bits that differ, mirrored."""

    index: int
    distance: int
    mirrored: bool


def fingerprint(picture: Picture) -> Fingerprint:
    """Return the hashes of the picture as people see it, over white where it is transparent."""
    from PIL.Image import Resampling

    grey = on_page(picture, _PROXY).convert("L").resize((_SIDE, _SIDE), Resampling.LANCZOS)
    levels = grey.tobytes()
    rows = [_transform(levels[start : start + _SIDE]) for start in range(0, _SIDE**2, _SIDE)]
    low = [
        sum(row[across] * cosine for row, cosine in zip(rows, _COSINES[down], strict=True))
        for down in range(_LOW)
        for across in range(_LOW)
    ]
    mirror = [-value if at % 2 else value for at, value in enumerate(low)]
    return Fingerprint(_hash(low), _hash(mirror))


def distance(one: str, other: str) -> int:
    """Return how many of the 64 bits of two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def nearest(found: Fingerprint, known: Iterable[str]) -> Likeness | None:
    """Return which of the known hashes is nearest to a picture or to its mirror image, if any."""
    best: Likeness | None = None
    straight, mirrored = int(found.phash, 16), int(found.mirrored, 16)
    for index, hash_ in enumerate(known):
        value = int(hash_, 16)
        as_is, turned = (straight ^ value).bit_count(), (mirrored ^ value).bit_count()
        apart = min(as_is, turned)
        if best is None or apart < best.distance:
            best = Likeness(index, apart, turned < as_is)
    return best


def _transform(row: bytes) -> list[float]:
    return [sum(map(_times, row, cosines)) for cosines in _COSINES]


def _times(level: int, cosine: float) -> float:
    return level * cosine


def _hash(low: Sequence[float]) -> str:
    ranked = sorted(low)
    median = (ranked[BITS // 2 - 1] + ranked[BITS // 2]) / 2
    bits = 0
    for value in low:
        bits = bits << 1 | (value > median)
    return f"{bits:016x}"
