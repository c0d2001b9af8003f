"""A copy of a picture with what the inspectors found drawn on it, for people to look at.

What is drawn on is a file from outside: `validators.drawing` does this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from validators.containers import Defect
from validators.criterion import Mark
from validators.inspection import DEFAULT_LIMITS
from validators.picture import Picture, open_picture, sha256_of

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN_SIDE_MAX_PX: Final = 4_096
"""A longer side is reduced by a whole number: copies are to be looked at, and cost what they show."""

_FINE: Final = "#1a7f37"
_BROKEN: Final = "#d1242f"
_PER_LINE: Final = 400
"""Pixels of the longer side for each pixel of a line's width."""
_PER_TEXT: Final = 50
_TEXT_LEAST_PX: Final = 12
_ORIENTATION_TAG: Final = 0x0112
_TURNS: Final[Mapping[int, str]] = MappingProxyType(
    {
        2: "FLIP_LEFT_RIGHT",
        3: "ROTATE_180",
        4: "FLIP_TOP_BOTTOM",
        5: "TRANSPOSE",
        6: "ROTATE_270",
        7: "TRANSVERSE",
        8: "ROTATE_90",
    }
)
"""What makes a picture stand upright, by the EXIF orientation of how it is stored."""
_LABEL_MAX: Final = 80
"""Characters of a label; what was read in a picture may be a whole page."""


def annotate(data: bytes, marks: Sequence[Mark]) -> bytes | None:
    """Draw every mark on a copy, as a PNG; None where there is no picture to draw on.

    Marks of rules that are kept are green, those of broken rules red; a mark about a colour shows it
    in a square at its corner. The file itself is not touched. A mark that no inspector of ours
    makes, such as one with a colour that is none, raises whatever Pillow makes of it.
    """
    picture = open_picture(data, sha256_of(data), None, DEFAULT_LIMITS)
    if isinstance(picture, Defect):
        return None
    factor = -(-max(picture.width, picture.height) // DRAWN_SIDE_MAX_PX)
    canvas = _upright_copy(picture, factor)
    _draw(canvas, [_reduced(mark, factor) for mark in marks])
    out = BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def load_font() -> None:
    """Load what writing needs, before a process may read nothing more."""
    from PIL import ImageDraw, ImageFont, PngImagePlugin  # noqa: F401 - loaded for what comes later

    ImageFont.load_default(_TEXT_LEAST_PX)


def _upright_copy(picture: Picture, factor: int) -> Image:
    from PIL import Image

    small = picture.eight_bit()
    if factor > 1:
        small = small.reduce(factor)
    turn = _TURNS.get(picture.image.getexif().get(_ORIENTATION_TAG, 1))
    upright = small if turn is None else small.transpose(Image.Transpose[turn])
    # Even where nothing is converted it is a copy: the picture itself is not drawn on.
    return upright.convert("RGB").copy()


def _reduced(mark: Mark, factor: int) -> Mark:
    left, top, width, height = (length // factor for length in mark.box)
    return replace(mark, label=mark.label[:_LABEL_MAX], box=(left, top, width, height))


def _draw(canvas: Image, marks: Iterable[Mark]) -> None:
    from PIL import ImageDraw, ImageFont

    line_px = max(1, max(canvas.size) // _PER_LINE)
    text_px = max(_TEXT_LEAST_PX, max(canvas.size) // _PER_TEXT)
    font = ImageFont.load_default(text_px)
    draw = ImageDraw.Draw(canvas)
    for mark in marks:
        left, top, width, height = mark.box
        ink = _FINE if mark.passed else _BROKEN
        right, bottom = left + max(width, 1) - 1, top + max(height, 1) - 1
        draw.rectangle((left, top, right, bottom), outline=ink, width=line_px)
        label = draw.textbbox((left + line_px, top + line_px), mark.label, font=font)
        draw.rectangle(label, fill=ink)
        draw.text((left + line_px, top + line_px), mark.label, fill="#ffffff", font=font)
        if mark.colour is not None:
            side = min(text_px * 2, max(width, 1), max(height, 1))
            box = (right - side, bottom - side, right, bottom)
            draw.rectangle(box, fill=mark.colour, outline=ink, width=line_px)
