"""The size of the file in bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue
from validators.picture import Limits, Picture

_UNIT: Final[dict[str, JSONValue]] = {"unit": "kB"}
_Kilobytes = Annotated[int, Field(ge=1, le=1_000_000, json_schema_extra=_UNIT)]
_BYTES_PER_KB: Final = 1000
_MOST_BYTES: Final = Limits().max_bytes


class FileSize(Criterion):
    """The file is at most `max_kb` and at least `min_kb` kilobytes. At least one is given.

    One kB is 1,000 bytes, as in the International System of Units: the stricter reading of an
    upper bound, so that a file within it is within 1,024-byte kilobytes too.
    """

    name = "file_size"
    version = 1
    cost_ms = 0.001
    example: ClassVar = {"max_kb": 600}

    max_kb: _Kilobytes | None = Field(default=None, description="the file is at most so large")
    min_kb: _Kilobytes | None = Field(default=None, description="the file is at least so large")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.max_kb is None and self.min_kb is None:
            raise ValueError("at least one of max_kb, min_kb")
        if self.min_kb is not None and self.min_kb * _BYTES_PER_KB > _MOST_BYTES:
            raise ValueError(
                f"a min_kb of at most {_MOST_BYTES // _BYTES_PER_KB:,}: larger files are not opened"
            )
        if self.max_kb is not None and self.min_kb is not None and self.min_kb > self.max_kb:
            raise ValueError("a min_kb that is not larger than max_kb")
        return self

    def inspect(self, picture: Picture) -> Finding:
        """Compare the count of bytes with the bounds."""
        count = picture.byte_count
        bound = None
        if self.max_kb is not None and count > self.max_kb * _BYTES_PER_KB:
            bound = f"at most {self.max_kb:,} kB"
        elif self.min_kb is not None and count < self.min_kb * _BYTES_PER_KB:
            bound = f"at least {self.min_kb:,} kB"
        reason = bound and (
            f"The file has {Decimal(count) / _BYTES_PER_KB:,} kB ({count:,} bytes, 1 kB being "
            f"1,000 bytes); {bound} is wanted."
        )
        return Finding(bound is None, {"byte_count": count}, reason)

    def contradicts_other(self, other: Criterion) -> str | None:
        """Compare the lower bound here with the upper one there."""
        if not isinstance(other, FileSize) or self.min_kb is None or other.max_kb is None:
            return None
        if self.min_kb <= other.max_kb:
            return None
        return f"no file has at least {self.min_kb:,} kB and at most {other.max_kb:,} kB"
