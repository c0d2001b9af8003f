"""Whether a zone of the picture is calm enough to set a headline on.

Judged on means of blocks, 256 of them along a side at most, because type is set far larger than
the grain of a picture. Busy is a block that differs by more than 12 levels from the one to its
right or below. On zones of photographs chosen by hand, November 2026: in 15 on which a headline
could stand, at most 8.6 % were busy, in 20 on which it could not, at least 17 %. The range of
brightness does not tell the two apart (15 to 164 and 79 to 244 levels): its bound only keeps out
zones in which type of no one colour can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, light, percentile
from validators.picture import Picture
from validators.zone import Zone

if TYPE_CHECKING:
    from PIL.Image import Image

_AREA_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the zone"}
_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_PROXY_SIDE: Final = 256
_BUSY_LEVELS: Final = 12


class CalmZone(Criterion):
    """A zone of the picture is kept calm, so that a headline or a logo can be set on it.

    The `zone` is given in parts of the picture's sides, from 0 to 1, as brand kits have it: `left`
    and `top` of its corner, `width` and `height`. At most `max_busy_percent` of it may be busy with
    edges and texture, and its brightness may vary by at most `max_range`, so that type of one
    colour reads everywhere in it. A soft gradient is calm within that range.
    """

    name = "calm_zone"
    version = 2
    cost_ms = 1.5
    example: ClassVar[dict[str, object]] = {"zone": {"height": 0.3}}

    zone: Zone = Field(description="where the headline will be")
    max_busy_percent: Annotated[float, Field(ge=0, le=100, json_schema_extra=_AREA_UNIT)] = Field(
        default=12.0, description="at most so much of the zone has edges or texture"
    )
    max_range: Annotated[int, Field(ge=0, le=255, json_schema_extra=_LEVEL_UNIT)] = Field(
        default=150, description="dark and bright parts of the zone are at most so far apart"
    )

    def inspect(self, picture: Picture) -> Finding:
        """Measure edges and the range of brightness in the zone."""
        seen = light(picture, _PROXY_SIDE)
        left, top, width, height = self.zone.box(*seen.grey.size)
        box = (left, top, left + width, top + height)
        grey = seen.grey.crop(box)
        mask = None if seen.seen is None else seen.seen.crop(box)
        counts = grey.histogram(mask)
        if not sum(counts):
            # On nothing, a headline stands on whatever the picture is put on.
            marks = (self._mark(picture, passed=True),)
            return Finding(passed=True, measured={"seen_percent": 0}, marks=marks)
        busy = round(100 * _busy_share(grey, mask), 1)
        range_ = percentile(counts, 97.5) - percentile(counts, 2.5)
        reason = self._reason(busy, range_)
        return Finding(
            reason is None,
            {"busy_percent": busy, "range_levels": range_},
            reason,
            Remedy("new_seed") if reason else None,
            (self._mark(picture, passed=reason is None),),
        )

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say when so little of the output is in the zone that it is calm whatever it shows."""
        del format_
        return self.zone.too_small_for(width, height)

    def _reason(self, busy: float, range_: int) -> str | None:
        if busy > self.max_busy_percent:
            return (
                f"The zone kept for text is too busy: {busy:g} % of it is edges and texture, at "
                f"most {self.max_busy_percent:g} % may be."
            )
        if range_ > self.max_range:
            return (
                f"The zone kept for text is too uneven: its dark and bright parts are {range_} of "
                f"255 levels apart, at most {self.max_range} are allowed."
            )
        return None

    def _mark(self, picture: Picture, *, passed: bool) -> Mark:
        return Mark("calm zone", self.zone.box(picture.width, picture.height), passed=passed)


def _busy_share(grey: Image, mask: Image | None) -> float:
    """Return the share of pixels that differ from the next one to the right or below."""
    from PIL import ImageChops

    width, height = grey.size
    # Beyond the last column and row there is nothing to differ from: it is repeated.
    wider = grey.crop((1, 0, width + 1, height))
    wider.paste(grey.crop((width - 1, 0, width, height)), (width - 1, 0))
    lower = grey.crop((0, 1, width, height + 1))
    lower.paste(grey.crop((0, height - 1, width, height)), (0, height - 1))
    edges = ImageChops.lighter(
        ImageChops.difference(grey, wider), ImageChops.difference(grey, lower)
    )
    counts = edges.histogram(mask)
    return sum(counts[_BUSY_LEVELS + 1 : LEVELS]) / sum(counts)
