"""Whether there is anything to see.

The picture is measured on means of blocks, 32 by 32 of them at most, because encoders and grain
scatter single pixels of a flat colour. Detail so fine and regular that every block has the same
mean, such as a pattern, is looked for in a second measurement of the single pixels, where a
difference counts a quarter.

The default of 13 levels lies between what was measured on both sides (Pillow 13, November 2026):
- one flat colour, 300 of them: through JPEG and AVIF at any quality at most 1 level, through WebP
  at quality 75 at most 5, at 50 at most 7, at 20 at most 12 (all at 256 by 256 pixels, the worst);
- 73 photographs, wallpapers and scientific pictures: 34 or more, the least a wallpaper of black
  stripes on black, the next 51;
- a white card on a white ground, a shade of 5 % lighter: 14; a hairline across a page: 16.

What covers less than about 0.1 % of the area, such as a speck of dust, does not count as seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, JSONValue
from validators.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

_LEVELS: Final = 256
_BLOCKS: Final = 32
_PIXELS_PER_BLOCK_LEVEL: Final = 4
_TRIM: Final = 0.001
"""The part of the area that may be brighter, and darker, without counting."""


class NotBlank(Criterion):
    """There is something to see: the picture is not one flat or nearly flat colour.

    `min_spread` is how far apart, on a scale of 0 to 255, the darkest and the brightest parts of
    the picture must be in at least one channel. A colour gradient is not blank: people order
    backgrounds like that. A fully transparent picture is blank, whatever its hidden colours.
    """

    name = "not_blank"
    version = 1
    cost_ms = 4.0
    example: ClassVar[dict[str, object]] = {}

    min_spread: Annotated[int, Field(ge=1, le=255)] = Field(
        default=13,
        description="how far the darkest and the brightest parts are apart at least",
        json_schema_extra={"unit": "levels of 255"},
    )

    def inspect(self, picture: Picture) -> Finding:
        """Measure blocks, and single pixels only where the blocks do not differ enough."""
        blocks = _widest(picture.proxy(_BLOCKS))
        if blocks >= self.min_spread:
            return Finding(passed=True, measured={"spread_levels": blocks})
        pixels = _widest(picture.eight_bit())
        measured: dict[str, JSONValue] = {"spread_levels": blocks, "pixel_spread_levels": pixels}
        if pixels >= self.min_spread * _PIXELS_PER_BLOCK_LEVEL:
            return Finding(passed=True, measured=measured)
        reason = (
            f"The picture is blank or nearly so: its darkest and brightest parts are {blocks} of "
            f"255 levels apart, at least {self.min_spread} are wanted."
        )
        return Finding(passed=False, measured=measured, reason=reason)


def _widest(image: Image) -> int:
    """Return the spread of the channel that spreads most."""
    # Premultiplied by its alpha, a colour that nobody can see counts as nothing.
    seen = image.convert("RGBa") if image.mode == "RGBA" else image
    histogram = seen.histogram()
    channels = range(0, len(histogram), _LEVELS)
    return max(_spread(histogram[start : start + _LEVELS]) for start in channels)


def _spread(counts: list[int]) -> int:
    """Return the levels between dark and bright, 0.1 % of the area left out at each end."""
    spare = int(sum(counts) * _TRIM)
    return max(0, _LEVELS - 1 - _skipped(reversed(counts), spare) - _skipped(counts, spare))


def _skipped(counts: Iterable[int], spare: int) -> int:
    left = spare
    for level, count in enumerate(counts):
        left -= count
        if left < 0:
            return level
    return _LEVELS
