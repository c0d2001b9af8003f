"""Whether there is anything to see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding
from validators.picture import Picture

_LEVELS: Final = 256
_TRIM: Final = 0.001


class NotBlank(Criterion):
    """There is something to see: the picture is not one flat or nearly flat colour.

    `min_spread` is how far apart, on a scale of 0 to 255, the darkest and the brightest parts of
    the picture must be in at least one channel. A colour gradient is not blank: people order
    backgrounds like that. A fully transparent picture is blank, whatever its hidden colours.
    """

    name = "not_blank"
    version = 1
    example: ClassVar[dict[str, object]] = {}

    min_spread: Annotated[int, Field(ge=1, le=255)] = 12

    def inspect(self, picture: Picture) -> Finding:
        """Measure the spread on a proxy of at most 128 by 128 block means."""
        proxy = picture.proxy()
        if proxy.mode == "RGBA":
            # Premultiplied by its alpha, a colour that nobody can see counts as nothing.
            proxy = proxy.convert("RGBa")
        histogram = proxy.histogram()
        channels = range(0, len(histogram), _LEVELS)
        spread = max(_spread(histogram[start : start + _LEVELS]) for start in channels)
        reason = None
        if spread < self.min_spread:
            reason = (
                f"The picture is blank or nearly so: its darkest and brightest parts are {spread} "
                f"of 255 levels apart, at least {self.min_spread} are wanted."
            )
        return Finding(reason is None, {"spread_levels": spread}, reason)


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
