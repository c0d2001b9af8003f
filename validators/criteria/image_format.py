"""The file format."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from validators.criterion import Criterion, Finding
from validators.formats import FORMAT_TITLES, IMAGE_FORMATS, ImageFormat
from validators.picture import Picture


def _as_tuple(value: object) -> object:
    if value == []:
        raise ValueError("at least one of " + ", ".join(IMAGE_FORMATS))
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class Format(Criterion):
    """The file is in this format, judged by its content and never by its name.

    `is` is one of png, jpeg, webp and avif, or a list of those that are allowed.
    """

    name = "format"
    version = 1
    cost_ms = 0.001
    example: ClassVar = {"is": "webp"}

    allowed: Annotated[tuple[ImageFormat, ...], BeforeValidator(_as_tuple)] = Field(
        alias="is", description="the formats that are allowed, one or a list"
    )

    def inspect(self, picture: Picture) -> Finding:
        """Compare the format that the bytes have with those that are allowed."""
        passed = picture.format in self.allowed
        reason = (
            None
            if passed
            else f"The file is {FORMAT_TITLES[picture.format]}, not {self._titles()}."
        )
        return Finding(passed, {"format": picture.format}, reason)

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Compare the output's format with those that are allowed."""
        del width, height
        if format_ in self.allowed:
            return None
        return f"an output in {format_}, which is not {self._titles()}"

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say when no format is allowed by both."""
        if not isinstance(other, Format) or set(self.allowed) & set(other.allowed):
            return None
        return "a file has one format"

    def _titles(self) -> str:
        return " or ".join(FORMAT_TITLES[allowed] for allowed in self.allowed)
