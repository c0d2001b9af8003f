"""The resolution that a file states for print, in dots per inch."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "dpi"}
_Dpi = Annotated[int, Field(ge=1, le=10_000, json_schema_extra=_UNIT)]
_X, _Y, _RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
_PER_INCH: Final = {1: 1.0, 2: 2.54}
"""JFIF's units: inch and centimetre; 0 is none."""
_EXIF_PER_INCH: Final = {2: 1.0, 3: 2.54}
_SLACK: Final = 0.05
"""PNG counts whole dots per metre, which is off by up to 0.013 dots per inch."""


class Resolution(Criterion):
    """The file states a resolution within these bounds, in dots per inch (DPI).

    At least one of `min_dpi` and `max_dpi` is given. Many pictures for screens state none; they
    pass unless `unstated` is false. The resolution says how large a picture is meant to be printed
    and nothing about its detail: that is a matter of `dimensions`.
    """

    name = "resolution"
    version = 1
    cost_ms = 0.02
    example: ClassVar = {"min_dpi": 300}

    min_dpi: _Dpi | None = Field(default=None, description="at least so many dots per inch")
    max_dpi: _Dpi | None = Field(default=None, description="at most so many dots per inch")
    unstated: bool = Field(default=True, description="whether a file that states none passes")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.min_dpi is None and self.max_dpi is None:
            raise ValueError("at least one of min_dpi, max_dpi")
        if self.min_dpi is not None and self.max_dpi is not None and self.min_dpi > self.max_dpi:
            raise ValueError("a min_dpi that is not larger than max_dpi")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Compare what the file states, across and down, with the bounds."""
        stated = _stated_dpi(picture)
        if stated is None:
            measured: dict[str, JSONValue] = {"x_dpi": None, "y_dpi": None}
            reason = None if self.unstated else f"The file states no resolution; {self._wanted()}."
        else:
            measured = {"x_dpi": round(stated[0], 2), "y_dpi": round(stated[1], 2)}
            reason = None if all(map(self._fits, stated)) else self._wrong(*stated)
        remedy = None if reason is None else Remedy("reencode")
        return Finding(passed=reason is None, measured=measured, reason=reason, remedy=remedy)

    def _fits(self, dpi: float) -> bool:
        return (self.min_dpi is None or dpi >= self.min_dpi - _SLACK) and (
            self.max_dpi is None or dpi <= self.max_dpi + _SLACK
        )

    def _wrong(self, across: float, down: float) -> str:
        shown = f"{across:,.4g}" if across == down else f"{across:,.4g} by {down:,.4g}"
        return f"The file states {shown} dots per inch; {self._wanted()}."

    def _wanted(self) -> str:
        if self.min_dpi is None:
            return f"at most {self.max_dpi:,} are wanted"
        if self.max_dpi is None:
            return f"at least {self.min_dpi:,} are wanted"
        return f"{self.min_dpi:,} to {self.max_dpi:,} are wanted"


def _stated_dpi(picture: Picture) -> tuple[float, float] | None:
    """Return what JFIF or pHYs states, else EXIF; without a unit nothing is stated."""
    info = picture.image.info
    stated: tuple[object, object] | None = None
    if picture.format == "png":
        stated = info.get("dpi")
    elif picture.format == "jpeg":
        # Pillow's own word for it is 72 where EXIF states none.
        scale = _PER_INCH.get(info.get("jfif_unit", 0))
        stated = info["jfif_density"] if scale else None
        stated = stated and (_number(stated[0]) * (scale or 1), _number(stated[1]) * (scale or 1))
    across, down = map(_number, stated or _from_exif(picture))
    return (across, down) if across > 0 and down > 0 else None


def _from_exif(picture: Picture) -> tuple[float, float]:
    # Pillow reads a tag when it is asked for, and raises anything on odd bytes: nothing is stated.
    try:
        exif = picture.image.getexif()
        scale = _EXIF_PER_INCH.get(exif.get(_RESOLUTION_UNIT, 2), 0.0)
        across = exif.get(_X)
        return _number(across) * scale, _number(exif.get(_Y, across)) * scale
    except Exception:  # noqa: BLE001 - see above
        return 0.0, 0.0


def _number(value: object) -> float:
    """Return a number from EXIF, where it may be a fraction by 0 or no number at all, as 0."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0
    return number if math.isfinite(number) else 0.0
