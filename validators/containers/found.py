"""What a walk over a file's container finds: a header, or the one flaw that ends the inspection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from validators.containers.sniffing import looks_like
from validators.formats import FORMAT_TITLES, ImageFormat


class Flaw(StrEnum):
    """Why bytes are not one intact still picture; the word that reports can count by."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    NOT_A_PICTURE = "not_a_picture"
    OTHER_FORMAT = "other_format"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TRAILING_DATA = "trailing_data"
    ANIMATED = "animated"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_SLOW = "too_slow"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Header:
    """What the container says of itself. Sizes in pixels as coded, before any EXIF rotation."""

    format: ImageFormat
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Defect:
    """One flaw: `reason` is a sentence for people, `detail` the technical finding behind it."""

    flaw: Flaw
    reason: str
    detail: str


def truncated(image_format: ImageFormat, detail: str) -> Defect:
    """Say that the end of the file is missing."""
    title = FORMAT_TITLES[image_format]
    return Defect(
        Flaw.TRUNCATED,
        f"The {title} file is cut off: its end is missing, as when a transfer stops early.",
        detail,
    )


def damaged(image_format: ImageFormat, detail: str) -> Defect:
    """Say that something inside the file is wrong."""
    title = FORMAT_TITLES[image_format]
    return Defect(
        Flaw.DAMAGED,
        f"The {title} file is damaged: some of its content is not what the format allows.",
        detail,
    )


def animated(image_format: ImageFormat, detail: str) -> Defect:
    """Say that there is more than one frame."""
    title = FORMAT_TITLES[image_format]
    return Defect(
        Flaw.ANIMATED,
        f"The {title} file is an animation or a series; one still picture is wanted.",
        detail,
    )


def ending(data: bytes, end: int, header: Header) -> Header | Defect:
    """Close a walk whose picture ends at byte `end`: the file must end there too."""
    extra = len(data) - end
    if extra <= 0:
        return header
    title = FORMAT_TITLES[header.format]
    return Defect(
        Flaw.TRAILING_DATA,
        f"The file goes on for {extra:,} bytes after the end of the {title} picture, which look "
        f"like {looks_like(data[end : end + 4096])}; a picture file must hold nothing else.",
        f"picture ends at byte {end} of {len(data)}",
    )
