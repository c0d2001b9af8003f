"""How strongly a JPEG was compressed, told from its own tables.

The estimate turns the way of the Independent JPEG Group's encoder around (libjpeg, jcparam.c,
`jpeg_set_quality`; base tables of ITU-T T.81, annex K.1), which nearly every program follows: of
the 100 tables that it makes, the one that is nearest to the file's. Measured (Pillow 13, November
2026): exact for every quality from 1 to 100 of Pillow's encoder. Encoders with tables of their own,
such as Photoshop's and mozjpeg's, get the quality that is as strong; `fit_percent` says how far
their tables are from it.
"""

from __future__ import annotations

import functools
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, Remedy
from validators.picture import Picture

_Quality = Annotated[int, Field(ge=1, le=100, json_schema_extra={"unit": "of 100"})]

_LUMINANCE: Final = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
"""ITU-T T.81, table K.1, row by row."""


class JpegQuality(Criterion):
    """A JPEG was saved with about this quality, on the usual scale of 1 to 100.

    At least one of `min` and `max` is given. Files of other formats pass: they have no such
    tables. The quality is that of the last saving; what an earlier one lost does not come back.
    """

    name = "jpeg_quality"
    version = 1
    cost_ms = 0.3
    example: ClassVar = {"min": 75}

    least: _Quality | None = Field(default=None, alias="min", description="at least this quality")
    most: _Quality | None = Field(default=None, alias="max", description="at most this quality")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("at least one of min, max")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("a min that is not larger than max")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Estimate the quality from the table of brightness."""
        tables = getattr(picture.image, "quantization", None)
        if picture.format != "jpeg" or not tables or len(tables[min(tables)]) != len(_LUMINANCE):
            return Finding(passed=True, measured={"format": picture.format})
        quality, off = _estimate(tuple(tables[min(tables)]))
        measured = {"quality": quality, "fit_percent": round(off, 1)}
        bound, remedy = None, None
        if self.least is not None and quality < self.least:
            bound = f"at least {self.least}"  # what an earlier saving lost does not come back
        elif self.most is not None and quality > self.most:
            bound, remedy = f"at most {self.most}", Remedy("reencode")
        if bound is None:
            return Finding(passed=True, measured=measured)
        reason = f"The JPEG was saved with a quality of about {quality}; {bound} is wanted."
        return Finding(passed=False, measured=measured, reason=reason, remedy=remedy)

    def contradicts_encoding(self, *, format_: str, quality: int) -> str | None:
        """Say when the output's own quality is too low; one that is too high can be mended."""
        if format_ != "jpeg" or self.least is None or quality >= self.least:
            return None
        return f"an output in jpeg with a quality of {quality} (output.quality)"


@functools.lru_cache(maxsize=1024)
def _estimate(table: tuple[int, ...]) -> tuple[int, float]:
    """Return the quality whose table is nearest, and how far it is in % of the file's table."""
    distances = {
        quality: sum(abs(one - other) for one, other in zip(table, scaled, strict=True))
        for quality, scaled in _scaled_tables().items()
    }
    # Of equally near ones the better: 1 and 2 differ only in chroma.
    quality = max(distances, key=lambda one: (-distances[one], one))
    return quality, 100 * distances[quality] / max(1, sum(table))


@functools.cache
def _scaled_tables() -> dict[int, tuple[int, ...]]:
    return {quality: _scaled(quality) for quality in range(1, 101)}


def _scaled(quality: int) -> tuple[int, ...]:
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality  # noqa: PLR2004 - the rule's own number
    return tuple(min(255, max(1, (step * percent + 50) // 100)) for step in _LUMINANCE)
