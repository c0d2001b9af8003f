"""How bright the picture is on the whole, and how much of it is lost in pure black or white.

Measured on 42 photographs, November 2026: mean 61 to 209 but for the Hubble deep field (19);
black up to 2.1 % but for a portrait with dark parts (13 %) and a round medical scan (23 %); white up
to 3.6 % but for lamps (18 %). docs/criteria-rates.md has the rate of wrong
verdicts: a stop or two too little or too much lies within what photographs differ by on purpose,
and only gross errors are found.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.luminance import LEVELS, NOTHING_SEEN, light, mean_level
from validators.picture import Picture

_LEVEL_UNIT: Final[dict[str, JSONValue]] = {"unit": "levels of 255"}
_PERCENT_UNIT: Final[dict[str, JSONValue]] = {"unit": "% of the area"}
_Level = Annotated[float, Field(ge=0, le=255, json_schema_extra=_LEVEL_UNIT)]
_Percent = Annotated[float, Field(ge=0, le=100, json_schema_extra=_PERCENT_UNIT)]

_BLACK: Final = 2
_WHITE: Final = 253
"""Encoders scatter pure black and white by about 2 levels."""


class Exposure(Criterion):
    """The picture is neither too dark nor too bright, and little of it is lost in black or white.

    The mean grey level lies between `min_mean` and `max_mean`; at most `max_black_percent` of the
    area is as good as black and at most `max_white_percent` as good as white, where no detail can
    be left. A product on a white ground is mostly white on purpose: order it with
    `max_mean: 255` and `max_white_percent: 100`. A night scene wants a lower `min_mean`. Only what
    can be seen counts: transparent parts are left out.
    """

    name = "exposure"
    version = 1
    cost_ms = 1.2
    example: ClassVar[dict[str, object]] = {"min_mean": 60, "max_white_percent": 5}

    min_mean: _Level = Field(default=50.0, description="the mean grey level is at least this")
    max_mean: _Level = Field(default=215.0, description="the mean grey level is at most this")
    max_black_percent: _Percent = Field(default=25.0, description="at most so much is pure black")
    max_white_percent: _Percent = Field(default=20.0, description="at most so much is pure white")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.min_mean > self.max_mean:
            raise ValueError("a min_mean that is not larger than max_mean")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Count the levels of all pixels that can be seen."""
        counts = light(picture).histogram()
        total = sum(counts)
        if not total:
            return Finding(passed=False, measured={"seen_percent": 0}, reason=NOTHING_SEEN)
        mean = round(mean_level(counts), 1)
        black = round(100 * sum(counts[: _BLACK + 1]) / total, 2)
        white = round(100 * sum(counts[_WHITE:LEVELS]) / total, 2)
        reason = self._reason(mean, black, white)
        return Finding(
            reason is None,
            {"mean_levels": mean, "black_percent": black, "white_percent": white},
            reason,
            Remedy("new_seed") if reason else None,
        )

    def _reason(self, mean: float, black: float, white: float) -> str | None:
        if mean < self.min_mean:
            return (
                f"The picture is too dark: its mean brightness is {mean:g} of 255, at least "
                f"{self.min_mean:g} is wanted."
            )
        if mean > self.max_mean:
            return (
                f"The picture is too bright: its mean brightness is {mean:g} of 255, at most "
                f"{self.max_mean:g} is wanted."
            )
        if black > self.max_black_percent:
            return (
                f"Too much is lost in the dark: {black:g} % of the picture is pure black, at most "
                f"{self.max_black_percent:g} % is allowed."
            )
        if white > self.max_white_percent:
            return (
                f"Too much is burnt out: {white:g} % of the picture is pure white, at most "
                f"{self.max_white_percent:g} % is allowed."
            )
        return None
