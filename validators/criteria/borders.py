"""Whether the picture has bars or a frame of one colour at its edges.

A bar is a run of rows (or columns) of one colour that begins at the edge and ends in a straight
line: within three pixels, at least half of the line changes by more than 16 levels. So the ground
of a product photograph and a plain sky are no bars, and a bar is not found where the picture beside
it is nearly as dark. Rates on 42 photographs: docs/criteria-rates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, percentile, upright
from validators.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image, Transpose

_PERCENT_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the side"}
_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_STRAY: Final = 5
"""Of 255: the part of a row, 2 %, that may be off the colour and the row still be the bar's."""
_STRAIGHT: Final = 115
"""Of 255: the part of a row, 45 %, that changes where a bar ends."""
_END_LEVELS: Final = 16
_END_PX: Final = 3
_RINGING_PX: Final = 10
"""Compression blurs the end of a bar over its own block of 8 pixels."""
_SIDE_MIN_PX: Final = 16
_SIDES: Final = ("top", "bottom", "left", "right")


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar's thickness in pixels and its colour."""

    px: int
    colour: tuple[int, int, int]


class Borders(Criterion):
    """No letterbox, pillarbox or frame of one colour surrounds the picture.

    A bar on any side may be at most `max_percent` of the height or width; `tolerance` is how far
    its pixels may be from its colour. What ends in no straight line, such as a studio ground or a
    sky, is no bar.
    """

    name = "borders"
    version = 1
    cost_ms = 1.0
    example: ClassVar[dict[str, object]] = {"max_percent": 0.5}

    max_percent: Annotated[float, Field(ge=0, le=50)] = Field(
        default=0.2,
        description="a bar of at most so much of the height or width is let pass",
        json_schema_extra=_PERCENT_UNIT,
    )
    tolerance: Annotated[int, Field(ge=0, le=64)] = Field(
        default=12,
        description="how far pixels of a bar may be from its colour",
        json_schema_extra=_LEVEL_UNIT,
    )

    def inspect(self, picture: Picture) -> Finding:
        """Measure the bar on each side, and tell of those that are too thick."""
        bars = self._bars(upright(picture, picture.eight_bit()))
        thick = {
            side: bar
            for side, bar in bars.items()
            if 100 * bar.px > self.max_percent * _along(side, picture)
        }
        measured: dict[str, JSONValue] = {
            f"{side}_px": bars[side].px if side in bars else 0 for side in _SIDES
        }
        if not thick:
            return Finding(passed=True, measured=measured)
        measured["colours"] = {side: _hex(bar.colour) for side, bar in thick.items()}
        shown = ", ".join(f"{bar.px} pixels at the {side}" for side, bar in thick.items())
        bars_are = "bar of one colour" if len(thick) == 1 else "bars of one colour"
        return Finding(
            passed=False,
            measured=measured,
            reason=f"The picture is framed by {'a ' * (len(thick) == 1)}{bars_are}: {shown}.",
            remedy=Remedy("recrop"),
            marks=tuple(_mark(side, bar, picture) for side, bar in thick.items()),
        )

    def _bars(self, image: Image) -> Mapping[str, _Bar]:
        from PIL.Image import Transpose

        if min(image.size) < _SIDE_MIN_PX:
            return {}
        turns: tuple[Transpose | None, ...] = (
            None,
            Transpose.FLIP_TOP_BOTTOM,
            Transpose.TRANSPOSE,
            Transpose.ROTATE_270,
        )
        # What is transparent counts as black, whatever colour hides there.
        opaque = image.convert("RGBa") if image.mode == "RGBA" else image
        found = {}
        for side, turn in zip(_SIDES, turns, strict=True):
            bar = self._top_bar(opaque, turn)
            if bar is not None:
                found[side] = bar
        return found

    def _top_bar(self, image: Image, turn: Transpose | None) -> _Bar | None:
        """Return the bar at the side that the turn brings to the top, if there is one."""
        edge = _turned(image, turn, 1)
        colour = _median(edge)
        if _profile(_off(edge, colour, self.tolerance))[0] > _STRAY:
            return None
        half = _turned(image, turn, None)
        rows = _profile(_off(half, colour, self.tolerance))
        px = next((row for row, share in enumerate(rows) if share > _STRAY), None)
        if px is None or not _ends_straight(half, px):
            return None
        return _Bar(px, colour)


def _turned(image: Image, turn: Transpose | None, depth_px: int | None) -> Image:
    """Return one side of the picture, its edge at the top: so many pixels of it, or half of all."""
    from PIL.Image import Transpose

    width, height = image.size
    tall = turn in {None, Transpose.FLIP_TOP_BOTTOM}
    depth = depth_px or (height if tall else width) // 2
    boxes = {
        None: (0, 0, width, depth),
        Transpose.FLIP_TOP_BOTTOM: (0, height - depth, width, height),
        Transpose.TRANSPOSE: (0, 0, depth, height),
        Transpose.ROTATE_270: (width - depth, 0, width, height),
    }
    part = image.crop(boxes[turn])
    if turn is None:
        return part
    return part.transpose(Transpose.ROTATE_90 if turn == Transpose.ROTATE_270 else turn)


def _median(edge: Image) -> tuple[int, int, int]:
    counts = edge.histogram()
    bands = range(0, len(counts), LEVELS)
    levels = [percentile(counts[start : start + LEVELS], 50) for start in bands][:3]
    red, green, blue = levels if len(levels) > 1 else levels * 3
    return red, green, blue


def _off(image: Image, colour: tuple[int, int, int], tolerance: int) -> Image:
    """Return 255 where any channel is further from the colour than the tolerance."""
    from PIL import ImageChops

    channels = image.split()[:3]
    off = None
    for channel, level in zip(channels, colour, strict=False):
        far = channel.point([255 if abs(other - level) > tolerance else 0 for other in range(256)])
        off = far if off is None else ImageChops.lighter(off, far)
    return off or image


def _profile(shares: Image) -> bytes:
    """Return the mean of every row."""
    from PIL.Image import Resampling

    return shares.resize((1, shares.height), Resampling.BOX).tobytes()


def _ends_straight(half: Image, px: int) -> bool:
    """Say whether the rows around a bar's end change along most of the line."""
    from PIL import ImageChops

    first = max(0, px - _END_PX)
    last = min(half.height - _END_PX, px + _RINGING_PX)
    if last <= first:
        return False
    before = half.crop((0, first, half.width, last))
    after = half.crop((0, first + _END_PX, half.width, last + _END_PX))
    changes = _off(ImageChops.difference(before, after), (0, 0, 0), _END_LEVELS)
    return max(_profile(changes)) >= _STRAIGHT


def _along(side: str, picture: Picture) -> int:
    return picture.height if side in {"top", "bottom"} else picture.width


def _mark(side: str, bar: _Bar, picture: Picture) -> Mark:
    width, height = picture.width, picture.height
    box = {
        "top": (0, 0, width, bar.px),
        "bottom": (0, height - bar.px, width, bar.px),
        "left": (0, 0, bar.px, height),
        "right": (width - bar.px, 0, bar.px, height),
    }[side]
    return Mark(f"bar at the {side}", box, passed=False, colour=_hex(bar.colour))


def _hex(colour: tuple[int, int, int]) -> str:
    red, green, blue = colour
    return f"#{red:02x}{green:02x}{blue:02x}"
