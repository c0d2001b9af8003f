"""The size of the picture in pixels."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "px"}
_MOST_PIXELS: Final = 1_000_000
_Pixels = Annotated[int, Field(ge=1, le=_MOST_PIXELS, json_schema_extra=_UNIT)]


class Dimensions(Criterion):
    """The picture has this size in pixels, as people see it (EXIF orientation applied).

    Each side is either exact (`width`, `height`) or bounded (`min_width`, `max_width`,
    `min_height`, `max_height`, ends included); `multiple_of` wants both sides in whole multiples of
    so many pixels. At least one is given; a side not named may be anything.
    """

    name = "dimensions"
    version = 1
    cost_ms = 0.001
    example: ClassVar = {"width": 1024, "height": 1024}

    width: _Pixels | None = Field(default=None, description="exactly so wide")
    height: _Pixels | None = Field(default=None, description="exactly so high")
    min_width: _Pixels | None = Field(default=None, description="at least so wide")
    max_width: _Pixels | None = Field(default=None, description="at most so wide")
    min_height: _Pixels | None = Field(default=None, description="at least so high")
    max_height: _Pixels | None = Field(default=None, description="at most so high")
    multiple_of: _Pixels | None = Field(
        default=None, description="both sides are whole multiples of so many pixels"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self._sides() == _NO_SIDES and self.multiple_of is None:
            raise ValueError(
                "at least one of width, height, min_width, max_width, min_height, max_height, "
                "multiple_of"
            )
        for side, exact, least, most in self._sides():
            if exact is not None and (least is not None or most is not None):
                raise ValueError(f"either {side} or min_{side} and max_{side}, not both")
            if least is not None and most is not None and least > most:
                raise ValueError(f"a min_{side} that is not larger than max_{side}")
            if exact is not None and exact % (self.multiple_of or 1):
                raise ValueError(f"a {side} that is a multiple of multiple_of")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Compare both sides with what is wanted."""
        wrong = self._wrong(picture.width, picture.height)
        measured: dict[str, JSONValue] = {"width_px": picture.width, "height_px": picture.height}
        if not wrong:
            return Finding(passed=True, measured=measured)
        # What is missing cannot be cropped away.
        cropped = Remedy("recrop") if self._large_enough(picture.width, picture.height) else None
        return Finding(
            passed=False, measured=measured, reason=f"The picture is {wrong}.", remedy=cropped
        )

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Compare both sides of the output with what is wanted."""
        del format_
        wrong = self._wrong(width, height)
        return f"an output of {wrong}" if wrong else None

    def contradicts_other(self, other: Criterion) -> str | None:
        """Compare the sides that are wanted here with those that are wanted there."""
        if not isinstance(other, Dimensions):
            return None
        for (side, exact, least, most), (_, exact2, least2, most2) in zip(
            self._sides(),
            other._sides(),  # noqa: SLF001 - of the same class
            strict=True,
        ):
            low = max(exact or least or 1, exact2 or least2 or 1)
            high = min(one for one in (exact, most, exact2, most2, _MOST_PIXELS) if one is not None)
            step = math.lcm(self.multiple_of or 1, other.multiple_of or 1)
            if high // step * step < low:
                return f"no picture has both a {side} of the one and of the other"
        return None

    def _wrong(self, width: int, height: int) -> str:
        actual = {"width": width, "height": height}
        return " and ".join(
            f"{actual[side]:,} pixels {_AXIS[side]} instead of {wanted}"
            for side, exact, least, most in self._sides()
            if (wanted := self._wanted(actual[side], exact, least, most))
        )

    def _wanted(self, actual: int, exact: int | None, least: int | None, most: int | None) -> str:
        """Return what is wanted of a side, or nothing when it is as wanted."""
        if not _fits(actual, exact, least, most):
            return _bounds(exact, least, most)
        if actual % (self.multiple_of or 1):
            return f"a multiple of {self.multiple_of:,}"
        return ""

    def _large_enough(self, width: int, height: int) -> bool:
        actual = {"width": width, "height": height}
        return all(
            actual[side] >= max(exact or 1, least or 1, self.multiple_of or 1)
            for side, exact, least, _ in self._sides()
        )

    def _sides(self) -> tuple[tuple[str, int | None, int | None, int | None], ...]:
        return (
            ("width", self.width, self.min_width, self.max_width),
            ("height", self.height, self.min_height, self.max_height),
        )


_NO_SIDES = (("width", None, None, None), ("height", None, None, None))
_AXIS = {"width": "wide", "height": "high"}


def _fits(actual: int, exact: int | None, least: int | None, most: int | None) -> bool:
    return (
        (exact is None or actual == exact)
        and (least is None or actual >= least)
        and (most is None or actual <= most)
    )


def _bounds(exact: int | None, least: int | None, most: int | None) -> str:
    if exact is not None:
        return f"{exact:,}"
    if least is not None and most is not None:
        return f"{least:,} to {most:,}"
    return f"at least {least:,}" if least is not None else f"at most {most:,}"
