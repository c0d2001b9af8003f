"""Whether a picture can be shown before all of it has arrived."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field

from validators.criterion import Criterion, Finding, Remedy
from validators.formats import FORMAT_TITLES
from validators.picture import Picture

_INTERLACE_BYTE: Final = 28


class Progressive(Criterion):
    """The file is stored so that it builds up while it loads, or so that it does not.

    That is a progressive JPEG or an interlaced PNG. `is: true` wants it, which WebP and AVIF cannot
    give; `is: false` forbids it, as some print shops and old devices do.
    """

    name = "progressive"
    version = 1
    cost_ms = 0.005
    example: ClassVar = {"is": False}

    wanted: bool = Field(alias="is", description="true wants it, false forbids it")

    def inspect(self, picture: Picture) -> Finding:
        """Look at the header."""
        found = _is_progressive(picture)
        if found is self.wanted:
            return Finding(passed=True, measured={"progressive": found})
        title = FORMAT_TITLES[picture.format]
        word = "interlaced" if picture.format == "png" else "progressive"
        reason = f"The {title} file is {word}; that is not allowed."
        if self.wanted:
            reason = f"The {title} file does not build up while it loads; that is wanted."
        can = picture.format == "jpeg" or not self.wanted
        remedy = Remedy("reencode") if can else None
        return Finding(passed=False, measured={"progressive": found}, reason=reason, remedy=remedy)

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say when the output's format cannot build up."""
        del width, height
        if not self.wanted or format_ in {"png", "jpeg"}:
            return None
        return f"an output in {format_}, which cannot be progressive"


def _is_progressive(picture: Picture) -> bool:
    if picture.format == "png":
        return picture.data[_INTERLACE_BYTE] == 1
    return picture.format == "jpeg" and bool(picture.image.info.get("progressive"))
