"""A copy of a picture with what the inspectors found drawn on it, for people to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final

from validators.containers import Defect
from validators.criterion import Mark, Verdict
from validators.inspection import DEFAULT_LIMITS
from validators.picture import open_picture, sha256_of

if TYPE_CHECKING:
    from PIL.Image import Image

_FINE: Final = "#1a7f37"
_BROKEN: Final = "#d1242f"
_PER_LINE: Final = 400
"""Pixels of the longer side for each pixel of a line's width."""
_TEXT_LEAST_PX: Final = 12


def annotate(data: bytes, verdicts: Sequence[Verdict]) -> bytes | None:
    """Draw every mark of the verdicts on a copy, as a PNG; None where there is no picture to draw on.

    Marks of rules that are kept are green, those of broken rules red; a mark about a colour shows it
    in a square at its corner. The file itself is not touched.
    """
    picture = open_picture(data, sha256_of(data), None, DEFAULT_LIMITS)
    if isinstance(picture, Defect):
        return None
    from PIL import ImageOps

    canvas = ImageOps.exif_transpose(picture.eight_bit()).convert("RGB")
    _draw(canvas, (mark for verdict in verdicts for mark in verdict.marks))
    out = BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def _draw(canvas: Image, marks: Iterable[Mark]) -> None:
    from PIL import ImageDraw, ImageFont

    line_px = max(1, max(canvas.size) // _PER_LINE)
    text_px = max(_TEXT_LEAST_PX, max(canvas.size) // 50)
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
