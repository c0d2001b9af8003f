"""Whether text can be read on what lies behind it (WCAG 2.2, success criterion 1.4.3).

Text that stands in the picture already is parted from its ground by Otsu's threshold over the
zone (IEEE Transactions on Systems, Man, and Cybernetics 9, 1979); the contrast is that of the
medians of both sides, so that softened edges do not count. On flat colours it is right to 0.05.

Text that is to be laid over the zone later is judged by its colour: every part of the ground has to
carry it, so the worst parts decide and not the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from validators.colour_difference import HexColour, contrast, hex_of, luminance, rgb_of
from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.luminance import LEVELS, percentile
from validators.page import on_page
from validators.picture import Picture
from validators.zone import Zone

if TYPE_CHECKING:
    from PIL.Image import Image

    from validators.colour_difference import Rgb

_WANTED: Final = MappingProxyType({"body": 4.5, "large": 3.0})
_SAMPLES: Final = 128
_MEDIAN: Final = 50.0


class TextContrast(Criterion):
    """Text in a zone of the picture stands out enough to be read (WCAG 2.2 contrast).

    Without `text_colour` the zone holds text already, of one colour on a ground of mostly one
    brightness: its contrast with the ground is at least `min_ratio`. With `text_colour` the text
    is laid over the zone later: at most `max_unreadable` of the zone has less contrast with that
    colour. `size: large` is for text of at least 18 points, or 14 in bold, and wants 3 to 1
    instead of 4.5; `min_ratio` overrules both.
    """

    name = "text_contrast"
    version = 1
    cost_ms = 16.0
    example: ClassVar = {
        "zone": {"left": 0.05, "top": 0.75, "width": 0.9, "height": 0.2},
        "text_colour": "#ffffff",
    }

    zone: Zone = Field(description="where the text is, or will be")
    size: Literal["body", "large"] = Field(
        default="body", description="body text wants a contrast of 4.5 to 1, large text 3 to 1"
    )
    min_ratio: Annotated[float, Field(ge=1, le=21)] | None = Field(
        default=None,
        description="the least contrast, in place of that of the size",
        json_schema_extra={"unit": "to 1"},
    )
    text_colour: HexColour | None = Field(
        default=None, description='the colour of text that is laid over later, as "#rrggbb"'
    )
    max_unreadable: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="how much of the zone may have less contrast with text that is laid over",
        json_schema_extra={"unit": "part of the zone"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.text_colour is not None:
            text = luminance(rgb_of(self.text_colour))
            best = max(contrast(text, 0.0), contrast(text, 1.0))
            if best < self._wanted():
                raise ValueError(
                    f"a text_colour that reaches a contrast of {self._wanted():g} to 1 on black or "
                    f"on white: {self.text_colour} reaches {best:.2f} at most"
                )
        return self

    def _wanted(self) -> float:
        return _WANTED[self.size] if self.min_ratio is None else self.min_ratio

    def inspect(self, picture: Picture) -> Finding:
        """Measure the zone in full size, not in blocks: strokes are thin."""
        box = self.zone.box(picture.width, picture.height)
        left, top, width, height = box
        zone = on_page(picture).crop((left, top, left + width, top + height))
        wanted = self._wanted()
        if self.text_colour is None:
            return _judge_text(zone, wanted, box)
        return self._judge_ground(zone, self.text_colour, wanted, box)

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say when the zone is too small to hold text."""
        del format_
        return self.zone.too_small_for(width, height)

    def _judge_ground(
        self, zone: Image, colour: str, wanted: float, box: tuple[int, int, int, int]
    ) -> Finding:
        low, unreadable = _ground(zone, colour, wanted)
        measured: dict[str, JSONValue] = {
            "worst_ratio": round(low, 2),
            "unreadable_share": round(unreadable, 4),
        }
        passed = unreadable <= self.max_unreadable
        mark = Mark(f"{unreadable:.0%} unreadable", box, passed, colour)
        if passed:
            return Finding(passed, measured, marks=(mark,))
        reason = (
            f"Text in {colour} could not be read well on {unreadable:.0%} of its zone, where the "
            f"contrast is under {wanted:g} to 1; at most {self.max_unreadable:.0%} is allowed."
        )
        return Finding(passed, measured, reason, Remedy("new_seed"), (mark,))


def _judge_text(zone: Image, wanted: float, box: tuple[int, int, int, int]) -> Finding:
    dark, light = _sides(zone)
    ratio = contrast(luminance(dark), luminance(light))
    measured: dict[str, JSONValue] = {
        "ratio": round(ratio, 2),
        "dark_colour": hex_of(dark),
        "light_colour": hex_of(light),
    }
    passed = ratio >= wanted
    mark = Mark(f"{ratio:.1f} to 1", box, passed)
    if passed:
        return Finding(passed, measured, marks=(mark,))
    reason = (
        f"The text and what is behind it have a contrast of {ratio:.1f} to 1; "
        f"at least {wanted:g} to 1 is wanted."
    )
    return Finding(passed, measured, reason, Remedy("new_seed"), (mark,))


def _sides(zone: Image) -> tuple[Rgb, Rgb]:
    """Return the median colours of the darker and of the brighter side of the zone."""
    grey = zone.convert("L")
    threshold = _otsu(grey.histogram())
    dark = grey.point([255] * (threshold + 1) + [0] * (LEVELS - 1 - threshold))
    light = grey.point([0] * (threshold + 1) + [255] * (LEVELS - 1 - threshold))
    whole = _median(zone, None)
    return (
        _median(zone, dark) if dark.getbbox() else whole,
        _median(zone, light) if light.getbbox() else whole,
    )


def _median(zone: Image, mask: Image | None) -> Rgb:
    counts = zone.histogram(mask)
    red, green, blue = (
        percentile(counts[start : start + LEVELS], _MEDIAN) for start in range(0, 768, LEVELS)
    )
    return (red, green, blue)


def _otsu(counts: Sequence[int]) -> int:
    """Return the last level of the darker side: where the means of both sides are furthest apart.

    Maximises w0 * w1 * (m0 - m1) ** 2, the variance between both sides.
    """
    total = sum(counts)
    weighted = sum(level * count for level, count in enumerate(counts))
    below = below_weighted = best = 0
    best_variance = -1.0
    for level, count in enumerate(counts):
        below += count
        below_weighted += level * count
        above = total - below
        if below and above:
            apart = below_weighted / below - (weighted - below_weighted) / above
            variance = below * above * apart * apart
            if variance > best_variance:
                best, best_variance = level, variance
    return best


def _ground(zone: Image, colour: str, wanted: float) -> tuple[float, float]:
    """Return the contrast that 5 % of the zone stay under, and how much stays under the wanted."""
    from PIL.Image import Resampling

    size = (min(zone.width, _SAMPLES), min(zone.height, _SAMPLES))
    sample = zone.resize(size, Resampling.NEAREST)
    text = luminance(rgb_of(colour))
    levels = sample.tobytes()
    pixels = list(zip(levels[::3], levels[1::3], levels[2::3], strict=True))
    ratio_of = {pixel: contrast(text, luminance(pixel)) for pixel in set(pixels)}
    ratios = sorted(ratio_of[pixel] for pixel in pixels)
    return ratios[len(ratios) // 20], sum(ratio < wanted for ratio in ratios) / len(ratios)
