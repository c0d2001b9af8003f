"""Brightness as the criteria measure it: grey levels of what can be seen, upright, with its mask.

A grey level is Pillow's luma (ITU-R BT.601: 0.299 red, 0.587 green, 0.114 blue of the stored
values, 0 to 255). Pixels that are more transparent than not do not count as seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

LEVELS: Final = 256
_SEEN_ALPHA: Final = 128
_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT: Final = 1

NOTHING_SEEN: Final = "Nothing can be seen: the whole picture is transparent."
"""The reason of every criterion that measures light when there is none."""


@dataclass(frozen=True, slots=True)
class Light:
    """Grey levels in mode L and, where a part is transparent, a mask in mode L of what is seen."""

    grey: Image
    seen: Image | None

    def histogram(self) -> list[int]:
        """Count the pixels that are seen at each of the 256 levels."""
        return self.grey.histogram(self.seen)


def light(picture: Picture, side: int | None = None) -> Light:
    """Return the light of the whole picture, or of its proxy of at most `side` pixels, upright."""
    image = upright(picture, picture.eight_bit() if side is None else picture.proxy(side))
    seen = None
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        if any(alpha.histogram()[:_SEEN_ALPHA]):
            seen = alpha.point([0] * _SEEN_ALPHA + [255] * (LEVELS - _SEEN_ALPHA))
    return Light(image.convert("L"), seen)


def upright(picture: Picture, image: Image) -> Image:
    """Turn something made of a picture's stored pixels to how people see it (EXIF orientation)."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(picture.image.getexif().get(_ORIENTATION_TAG, _UPRIGHT))
    return image if turn is None else image.transpose(turn)


def percentile(histogram: Sequence[int], percent: float) -> int:
    """Return the least level that has at least so many percent of the counts at or under it."""
    wanted = sum(histogram) * percent / 100
    below = 0
    for level, count in enumerate(histogram):
        below += count
        if below >= wanted and below:
            return level
    return 0


def mean_level(histogram: Sequence[int]) -> float:
    """Return the mean of levels counted in a histogram; 0 for none."""
    count = sum(histogram)
    return sum(level * n for level, n in enumerate(histogram)) / count if count else 0.0
