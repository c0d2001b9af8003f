"""Where a card's words go: the boxes of the layouts, for every shape of card."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Shape = Literal["tall", "square", "wide", "strip"]
Along = Literal["left", "center", "right"]
Down = Literal["top", "middle", "bottom"]

_TALL_FROM, _WIDE_FROM, _STRIP_FROM = 0.78, 1.34, 3.0
STRIP_FIGURE = 1.35
"""Width of a strip's right end, in heights, that its figure has to itself."""

# A story's upper and lower ends are covered by the buttons of the program that shows it.
_STORY_UNTIL, _STORY_TOP, _STORY_BOTTOM = 0.62, 0.125, 0.17


def shape_of(width: int, height: int) -> Shape:
    """Sort a size into one of the four shapes that layouts know."""
    ratio = width / height
    if ratio >= _STRIP_FROM:
        return "strip"
    if ratio >= _WIDE_FROM:
        return "wide"
    return "tall" if ratio <= _TALL_FROM else "square"


@dataclass(frozen=True, slots=True)
class Frame:
    """The box in pixels that all words stay in, and where in it they gather."""

    left: float
    top: float
    right: float
    bottom: float
    along: Along = "left"
    down: Down = "bottom"
    margin: float = 0.0
    """The card's own margin, which lies outside the box."""

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.bottom - self.top


def safe(width: int, height: int) -> Frame:
    """Return the box inside the card's margins, and inside a story's free middle."""
    margin = max(3.0, 0.08 * min(width, height))
    if shape_of(width, height) == "strip":
        margin = max(3.0, 0.16 * min(width, height))
    frame = Frame(margin, margin, width - margin, height - margin, margin=margin)
    if width / height <= _STORY_UNTIL:
        return replace(
            frame,
            top=max(margin, _STORY_TOP * height),
            bottom=height - max(margin, _STORY_BOTTOM * height),
        )
    return frame


def beside(width: int, height: int, *, kept: float = 0.56, from_top: float = 0.43) -> Frame:
    """Words left of the figure on a wide card, under it on any other."""
    box = safe(width, height)
    shape = shape_of(width, height)
    if shape == "strip":
        return replace(box, right=width - STRIP_FIGURE * height, down="middle")
    if shape == "wide":
        return replace(box, right=box.left + kept * width, down="middle")
    return replace(box, top=box.top + from_top * box.height, down="bottom")


def whole(width: int, height: int) -> Frame:
    """Words at the foot of a card whose whole ground is theirs."""
    box = safe(width, height)
    shape = shape_of(width, height)
    if shape == "strip":
        return replace(box, down="middle")
    if shape == "wide":
        return replace(box, right=box.left + 0.8 * box.width, down="bottom")
    return replace(box, top=box.top + 0.12 * box.height, down="bottom")


def upper(width: int, height: int) -> Frame:
    """Words at the head, over figures at the foot."""
    box = safe(width, height)
    shape = shape_of(width, height)
    if shape == "strip":
        return replace(box, down="middle")
    if shape == "wide":
        return replace(box, right=box.left + 0.8 * box.width, bottom=0.60 * height, down="middle")
    return replace(box, bottom=0.575 * height, down="top")


def centred(width: int, height: int) -> Frame:
    """Words in the middle, inside a drawn frame."""
    box = safe(width, height)
    inset = 0.0 if shape_of(width, height) == "strip" else 0.07 * min(width, height)
    return Frame(
        box.left + inset, box.top + inset, box.right - inset, box.bottom - inset, "center", "middle"
    )


def next_to_photo(width: int, height: int) -> Frame:
    """Words in the half that the photograph leaves."""
    box = safe(width, height)
    shape = shape_of(width, height)
    if shape in {"wide", "strip"}:
        return replace(box, right=0.5 * width - 0.5 * box.left, down="middle")
    return replace(box, top=0.52 * height + 0.07 * width, down="middle")


def photo_half(width: int, height: int) -> tuple[int, int, int, int]:
    """Return the part of a `split` card that its photograph fills."""
    if shape_of(width, height) in {"wide", "strip"}:
        return width // 2, 0, width, height
    return 0, 0, width, round(0.52 * height)
