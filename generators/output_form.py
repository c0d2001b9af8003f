"""The form of an order's `output:` mapping: which file every job ends in.

The limits here are those of the file formats and of `generators.finishing`, which makes the file.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

OutputFormat = Literal["png", "jpeg", "webp", "avif"]

PIXEL_CEILING = 64_000_000
"""No image above this many pixels is opened or made: decoded, it is 256 MB of RGBA."""

WEBP_SIDE_MAX_PX = 16_383
"""The WebP bitstream writes a side in 14 bits."""


_SIDE = "whole pixels from 1 to 16,384"


def _decimal_of_number(value: object) -> object:
    """Read `2.5` of a YAML file as the decimal that was written, not as the float near it."""
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004  pydantic reports a ValueError
    return str(value) if isinstance(value, float) else value


class Output(BaseModel):
    """Size in pixels, format, encoder quality, and the name of each job's file without its ending.

    `name` may hold placeholders of the order's matrix; the foreman checks and fills them.
    `upscale_max` is the most that a built image may be enlarged to reach the size: 2 means that
    a 512 px side may become 1024 px, and what would need more is not finished but refused.
    `progressive` says how a JPEG is stored: so that it builds up while it loads, or not.
    `fit` says how another shape is met: `cover` keeps the middle and cuts the rest off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(ge=1, le=16_384, strict=True, description=_SIDE)
    height: int = Field(ge=1, le=16_384, strict=True, description=_SIDE)
    format: OutputFormat = Field(description="png, jpeg, webp or avif")
    quality: int = Field(
        default=88, ge=1, le=100, strict=True, description="a whole number from 1 to 100"
    )
    name: str = Field(
        min_length=1,
        description="a name for each job's file without its ending, such as mug-{variant}",
    )
    upscale_max: Annotated[Decimal, BeforeValidator(_decimal_of_number)] = Field(
        default=Decimal(2), ge=1, le=16, description="a number of times from 1 to 16"
    )
    progressive: bool = Field(default=True, strict=True, description="true or false")
    fit: Literal["cover"] = Field(default="cover", description="cover")

    @model_validator(mode="after")
    def _can_be_encoded(self) -> Self:
        if self.width * self.height > PIXEL_CEILING:
            msg = (
                f"{self.width}x{self.height} is {self.width * self.height:,} pixels; at most "
                f"{PIXEL_CEILING:,} can be made and inspected, so ask for a smaller size"
            )
            raise ValueError(msg)
        if self.format == "webp" and max(self.width, self.height) > WEBP_SIDE_MAX_PX:
            msg = (
                f"a WebP side is at most {WEBP_SIDE_MAX_PX} px and this one is "
                f"{max(self.width, self.height)}; ask for a smaller size or for png, jpeg or avif"
            )
            raise ValueError(msg)
        return self
