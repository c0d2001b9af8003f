"""A part of the picture, in the words of an order."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_LEAST_PART: Final = 0.02
_LEAST_PX: Final = 16
"""Less than that holds no line of text, and is calm or plain whatever the picture shows."""

_Part = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "part of the side"})]
_Size = Annotated[
    float, Field(ge=_LEAST_PART, le=1, json_schema_extra={"unit": "part of the side"})
]


class Zone(BaseModel):
    """A rectangle inside the picture as people see it, in parts of its width and height.

    Parts and not pixels, so that one brand kit serves every size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    left: _Part = Field(default=0.0, description="where it begins, counted from the left edge")
    top: _Part = Field(default=0.0, description="where it begins, counted from the upper edge")
    width: _Size = Field(default=1.0, description="how much of the width it takes")
    height: _Size = Field(default=1.0, description="how much of the height it takes")

    @model_validator(mode="after")
    def _inside(self) -> Self:
        # Decimal fractions such as 0.1 + 0.9 may end a hair outside.
        if self.left + self.width > 1 + 1e-9 or self.top + self.height > 1 + 1e-9:
            raise ValueError("a zone inside the picture: left + width and top + height at most 1")
        return self

    def too_small_for(self, width: int, height: int) -> str | None:
        """Say of a picture of this size that too few of its pixels are in the zone, else None."""
        _, _, wide, high = self.box(width, height)
        if min(wide, high) >= min(_LEAST_PX, width, height):
            return None
        return f"a zone of {wide} by {high} pixels, which is under {_LEAST_PX} on a side"

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return left, top, width and height in pixels; at least one pixel, always inside."""
        left = min(round(self.left * width), width - 1)
        top = min(round(self.top * height), height - 1)
        right = min(max(round((self.left + self.width) * width), left + 1), width)
        bottom = min(max(round((self.top + self.height) * height), top + 1), height)
        return (left, top, right - left, bottom - top)
