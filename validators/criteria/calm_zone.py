"""Whether a zone of the picture is calm enough to set a headline on.

Judged on means of blocks, 256 of them along a side at most, because type is set far larger than
the grain of a picture. Busy is a block that differs by more than 12 levels from the one to its
right or below. On zones of photographs chosen by hand, November 2026: in 15 on which a headline
could stand, at most 8.6 % were busy, in 20 on which it could not, at least 17 %. The range of
brightness does not tell the two apart (15 to 164 and 79 to 244 levels): its bound only keeps out
zones in which type of no one colour can be read.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, light, percentile
from validators.picture import Picture
from validators.zone import Zone

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the side"}
_AREA_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the zone"}
_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_Share = Annotated[float, Field(ge=0, le=100, json_schema_extra=_SIDE_UNIT)]
_Size = Annotated[float, Field(gt=0, le=100, json_schema_extra=_SIDE_UNIT)]
_PROXY_SIDE: Final = 256
_BUSY_LEVELS: Final = 12
_WHOLE: Final = 100


class CalmZone(Criterion):
    """A zone of the picture is kept calm, so that a headline or a logo can be set on it.

    The zone is given in percent of the picture's sides: `left` and `top` of its corner, `width`
    and `height`; or as a `zone` in parts of them, as brand kits have it. At most
    `max_busy_percent` of it may be busy with edges and texture, and its brightness may vary by at
    most `max_range`, so that type of one colour reads everywhere in it.
    A soft gradient is calm within that range.
    """

    name = "calm_zone"
    version = 1
    cost_ms = 1.5
    example: ClassVar[dict[str, object]] = {"left": 0, "top": 0, "width": 100, "height": 30}

    left: _Share | None = Field(default=None, description="where the zone begins, from the left")
    top: _Share | None = Field(default=None, description="where the zone begins, from the top")
    width: _Size | None = Field(default=None, description="how wide the zone is")
    height: _Size | None = Field(default=None, description="how high the zone is")
    zone: Zone | None = Field(default=None, description="the zone, in place of these four")
    max_busy_percent: Annotated[float, Field(ge=0, le=100, json_schema_extra=_AREA_UNIT)] = Field(
        default=12.0, description="at most so much of the zone has edges or texture"
    )
    max_range: Annotated[int, Field(ge=0, le=255, json_schema_extra=_LEVEL_UNIT)] = Field(
        default=150, description="dark and bright parts of the zone are at most so far apart"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        sides = (self.left, self.top, self.width, self.height)
        given = sum(side is not None for side in sides)
        if given != (len(sides) if self.zone is None else 0):
            raise ValueError("left, top, width and height together, or a zone")
        left, top, width, height = self._percent()
        if self.zone is None and left + width > _WHOLE:
            raise ValueError("left and width of together at most 100")
        if self.zone is None and top + height > _WHOLE:
            raise ValueError("top and height of together at most 100")
        return self

    def _percent(self) -> tuple[float, float, float, float]:
        """Return left, top, width and height in percent, however the zone was given."""
        zone = self.zone
        if zone is not None:
            return (100 * zone.left, 100 * zone.top, 100 * zone.width, 100 * zone.height)
        return (self.left or 0.0, self.top or 0.0, self.width or 0.0, self.height or 0.0)

    def inspect(self, picture: Picture) -> Finding:
        """Measure edges and the range of brightness in the zone."""
        seen = light(picture, _PROXY_SIDE)
        box = self._box(*seen.grey.size)
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

    def _box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the zone in pixels of a picture of that size, at least one pixel of it."""
        from_left, from_top, wide, high = self._percent()
        left = min(floor(width * from_left / _WHOLE), width - 1)
        top = min(floor(height * from_top / _WHOLE), height - 1)
        right = max(left + 1, min(ceil(width * (from_left + wide) / _WHOLE), width))
        bottom = max(top + 1, min(ceil(height * (from_top + high) / _WHOLE), height))
        return left, top, right, bottom

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
        left, top, right, bottom = self._box(picture.width, picture.height)
        return Mark("calm zone", (left, top, right - left, bottom - top), passed=passed)


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
