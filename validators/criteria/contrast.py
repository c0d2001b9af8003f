"""How far apart the picture's shadows and highlights are.

Measured between the 1st and the 99th percentile of grey levels, so that a speck of either counts
nothing. On 42 photographs, November 2026: 58 (pale planks in haze) to 254. A photograph that was
faded to half its contrast still has 100 or so and is not told from a soft one: only strong fading
can be found without knowing the picture; docs/criteria-rates.md has the rates.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.luminance import NOTHING_SEEN, light, percentile
from validators.picture import Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_Level = Annotated[int, Field(ge=0, le=255, json_schema_extra=_UNIT)]
_DARK_PERCENT: Final = 1.0
_BRIGHT_PERCENT: Final = 99.0


class Contrast(Criterion):
    """The picture is not washed out: its darkest and brightest parts are far enough apart.

    `min_range` is the least distance between the grey level under which 1 % of the area lies and
    the one under which 99 % lies; `max_range` refuses pictures that are harsher than a soft style
    allows. Only what can be seen counts: transparent parts are left out.
    """

    name = "contrast"
    version = 1
    cost_ms = 1.2
    example: ClassVar[dict[str, object]] = {"min_range": 80}

    min_range: _Level = Field(default=50, description="dark and bright are at least so far apart")
    max_range: _Level = Field(default=255, description="dark and bright are at most so far apart")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.min_range > self.max_range:
            raise ValueError("a min_range that is not larger than max_range")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Measure the range of levels of all pixels that can be seen."""
        counts = light(picture).histogram()
        if not sum(counts):
            return Finding(passed=False, measured={"seen_percent": 0}, reason=NOTHING_SEEN)
        dark, bright = percentile(counts, _DARK_PERCENT), percentile(counts, _BRIGHT_PERCENT)
        range_ = bright - dark
        reason = None
        if range_ < self.min_range:
            reason = (
                f"The picture is washed out: its dark and bright parts are {range_} of 255 levels "
                f"apart, at least {self.min_range} are wanted."
            )
        elif range_ > self.max_range:
            reason = (
                f"The picture is too harsh: its dark and bright parts are {range_} of 255 levels "
                f"apart, at most {self.max_range} are wanted."
            )
        return Finding(
            reason is None,
            {"range_levels": range_, "dark_levels": dark, "bright_levels": bright},
            reason,
            Remedy("new_seed") if reason else None,
        )
