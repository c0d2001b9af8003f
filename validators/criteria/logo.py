"""Whether the brand's logo is in the picture, large enough and with room around it, or is not.

How often it is found, by its size, is in docs/criteria-rates.md: logos under 96 pixels are
missed too often to be asked for, and none was seen where there was none.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.logo_finding import FoundLogo, can_be_known, find_logo
from validators.picture import Picture
from validators.references import READS_PICTURE, PictureAddress

_MEASURED_MIN: Final = 0.97
"""Logos of 96 to 400 pixels on 9 photographs, two logos: measured 3 % too narrow at worst."""
_BUSY: Final = 0.05
"""The part of the clear space that may have edges in it: grain, and the shadow of the logo."""

_EXAMPLE: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQAAAACCEkxzAAAAd0lEQVR42r3RMQ7D"
    "MAxD0acgx8qUm/liXtx7sUPioSjgtku16IMAKYCq4UDZuwMUQdnc8w57m3BOKUYyRjY6vRMSssqh0dg5OalQYn"
    "X9v1ASj6l0lQoqn+1twvmLawnCcLfap8K65w3txe7aw/WvO+qLaTPqsj8BYegstoRmebcAAAAASUVORK5CYII="
)
"""A mark of squares and dots: an order gives a path, and this is what a path becomes."""


class Logo(Criterion):
    """The logo is in the picture, at least so wide and with clear space around it, or it is absent.

    `picture` is the logo's file, beside the order or the brand kit; what is kept is the logo
    itself, 256 pixels wide at most. It may be turned, larger or smaller, and drawn over anything.
    One that measures up to 3 % less than `min_width` is wide enough: so much the measuring errs.
    With `clear_space`, a ring around it is inside the picture and free of edges. With
    `absent: true` it must not be found, whatever its size. A logo of a few plain shapes cannot be
    known again, and is refused.
    """

    name = "logo"
    version = 2
    cost_ms = 30.0
    extra = "vision"
    modules = ("cv2", "numpy")
    example: ClassVar = {"picture": _EXAMPLE, "min_width": 120, "clear_space": 0.25}

    picture: PictureAddress = Field(
        description="the path of the logo's picture", json_schema_extra={"reads": READS_PICTURE}
    )
    min_width: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=96,
        description="how wide the logo is at least",
        json_schema_extra={"unit": "px"},
    )
    clear_space: Annotated[float, Field(ge=0, le=2)] = Field(
        default=0.0,
        description="how wide the free room around it is",
        json_schema_extra={"unit": "part of the logo's height"},
    )
    absent: bool = Field(default=False, description="whether the logo must not be there")

    def inspect(self, picture: Picture) -> Finding:
        """Find the logo and measure it and what is around it."""
        if not can_be_known(self.picture):
            return Finding(
                passed=False,
                measured={"found": False, "recognisable": False},
                reason="The logo has too few details to be recognised in any picture.",
            )
        found = find_logo(picture, self.picture, self.clear_space)
        measured: dict[str, JSONValue] = {"found": found is not None, "recognisable": True}
        if found is not None:
            measured |= {
                "width_px": found.width,
                "busy_share": round(found.busy, 4),
                "agreeing_features": found.agreeing,
            }
        reason = self._fault(found)
        marks = () if found is None else (Mark("logo", found.box, reason is None),)
        if reason is None:
            return Finding(passed=True, measured=measured, marks=marks)
        remedy = Remedy("avoid", "the logo") if self.absent else Remedy("new_seed")
        return Finding(passed=False, measured=measured, reason=reason, remedy=remedy, marks=marks)

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Refuse a logo that is wider than the picture, or that could never be found."""
        del format_
        if not self.absent and self.min_width > max(width, height):
            return f"pictures of {width} by {height} pixels, too small for that logo"
        if not self.missing() and not can_be_known(self.picture):
            return "a logo with too few details to be recognised in any picture"
        return None

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say when one wants this very logo and the other forbids it."""
        if not isinstance(other, Logo) or self.picture != other.picture:
            return None
        if self.absent and not other.absent:
            return "the same logo cannot be there and absent"
        return None

    def _fault(self, found: FoundLogo | None) -> str | None:
        if self.absent:
            return None if found is None else "The logo is in the picture; it must not be."
        if found is None:
            return "The logo is not in the picture, or cannot be recognised."
        if found.width < math.floor(_MEASURED_MIN * self.min_width):
            return (
                f"The logo is {found.width:,} pixels wide; at least {self.min_width:,} are wanted."
            )
        if self.clear_space and found.busy > _BUSY:
            return (
                f"The room around the logo is not clear: {found.busy:.0%} of it is busy or cut "
                f"off; {self.clear_space:g} of the logo's height must stay free on every side."
            )
        return None
