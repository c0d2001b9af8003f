"""Mending: the very same output made right, where cropping it or writing it anew is all that it takes.

It costs nothing, so it is tried before another attempt is paid for. What is wrong was said by
somebody else: here are pixels to cut off and ways to write a file, never the rule behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

from generators.finishing import (
    MEDIA_TYPES,
    Finished,
    Unfinishable,
    decoded,
    encoded,
    encoder_options,
    fitted,
    growth,
    on_white,
    opened,
    told_growth,
)

if TYPE_CHECKING:
    from PIL import Image

_BLURRED_PX = 4
"""Encoders with loss mix the end of a bar into the rows beside it."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Pixels to cut off at each side of the picture as people see it."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a mended file is written: never with metadata, always in sRGB and with eight bits."""

    format: str
    """png, jpeg, webp or avif."""
    quality: int = 88
    progressive: bool = False
    """Only JPEG can be."""
    dpi: int | None = None
    """The resolution that the file states; only PNG and JPEG can."""
    no_finer: bool = False
    """Whether a JPEG that was saved more coarsely than `quality` is saved as coarsely again: what
    was lost does not come back, and the new file would only look as if it had."""
    layouts: tuple[str, ...] = ()
    """Which of rgb, rgba and grey the pixels may be stored as; any that fits without."""


def mend(  # noqa: PLR0913  each is named, and none goes together with another
    data: bytes,
    *,
    width: int,
    height: int,
    encoding: Encoding,
    upscale_max: Decimal | int = 2,
    came: tuple[int, int] | None = None,
    trim: Trim | None = None,
    flatten: bool = False,
) -> Finished | Unfinishable:
    """Make the same picture again: without its bars, of `width` x `height` pixels, written anew.

    Args:
        data: the file as it is.
        width: of the file to make, in pixels.
        height: of the file to make, in pixels.
        encoding: how it is written.
        upscale_max: the most that a side may be enlarged, in times, finishing included.
        came: width and height of the picture before it was finished; None: those of the file.
        trim: what is cut off before the picture is fitted.
        flatten: whether what is transparent is put on white.

    Returns:
        The file, or why it cannot be made of this one.

    Raises:
        KeyError: a format that is none of the four.
    """
    media_type = MEDIA_TYPES[encoding.format]
    picture = decoded(data)
    if picture is None:
        return Unfinishable("the file cannot be decoded")
    changed: list[str] = []
    before = picture.size
    inside = _inside(before, trim or Trim())
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        return Unfinishable("nothing is left of the picture inside its bars")
    if inside != (0, 0, *before):
        profile = picture.info.get("icc_profile")
        picture = picture.crop(inside)
        picture.info = {"icc_profile": profile} if profile else {}
        changed.append(f"trimmed to {picture.width}x{picture.height}")
    far = _too_far(came or before, before, picture.size, (width, height), upscale_max)
    if far is not None:
        return far
    picture = fitted(picture, width, height, changed)
    if flatten:
        picture = on_white(picture)
        changed.append("put on white")
    picture = _stored_as(picture, encoding.layouts)
    changed.append("written anew")
    options = _options(encoding)
    if encoding.no_finer and encoding.format == "jpeg":
        options = _no_finer(options, data)
    return Finished(encoded(picture, encoding.format, options), media_type, tuple(changed))


def _inside(size: tuple[int, int], trim: Trim) -> tuple[int, int, int, int]:
    """Return the box inside the bars, and a little more inside where there is a bar."""
    top, bottom, left, right = (
        px + _BLURRED_PX if px > 0 else 0 for px in (trim.top, trim.bottom, trim.left, trim.right)
    )
    return left, top, size[0] - right, size[1] - bottom


def _too_far(
    came: tuple[int, int],
    finished: tuple[int, int],
    inside: tuple[int, int],
    asked: tuple[int, int],
    upscale_max: Decimal | int,
) -> Unfinishable | None:
    """Say so where what is left of a picture would grow too much, by its finishing and now.

    A picture that finishing made smaller has lost what it had more: it counts with its pixels now.
    """
    before = max(Decimal(1), growth(came, *finished))
    scale = before * growth(inside, *asked)
    if scale <= upscale_max:
        return None
    left = tuple(max(1, round(side / before)) for side in inside)
    whole = f"{came[0]}x{came[1]}" if before > 1 else f"{finished[0]}x{finished[1]}"
    return Unfinishable(
        f"of the picture's {whole}, {left[0]}x{left[1]} would be left and would have to "
        f"{told_growth(scale, *asked, upscale_max)}"
    )


def _no_finer(options: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Change a JPEG's options so that it is saved with the file's own tables if those are coarser."""
    from PIL import Image

    had = getattr(opened(data), "quantization", None)
    if not had:
        return options
    out = BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", **options)
    asked = getattr(opened(out.getvalue()), "quantization", None)
    # The first table is the one of brightness, in which the loss is seen.
    if not asked or sum(had[min(had)]) <= sum(asked[min(asked)]):
        return options
    return {**options, "quality": -1, "qtables": [had[number] for number in sorted(had)]}


def _stored_as(picture: Image.Image, layouts: tuple[str, ...]) -> Image.Image:
    """Bring a picture in RGB or RGBA to one of the layouts, to that which loses least."""
    has_alpha = picture.mode == "RGBA"
    if not layouts or ("rgba" if has_alpha else "rgb") in layouts:
        return picture
    if "rgb" in layouts:
        return on_white(picture)
    if "rgba" in layouts:
        return picture.convert("RGBA")
    if "grey" in layouts:
        grey = on_white(picture).convert("L")
        # A profile of three colours does not fit one.
        grey.info = {}
        return grey
    return picture


def _options(encoding: Encoding) -> dict[str, Any]:
    options = encoder_options(encoding.format, encoding.quality, progressive=encoding.progressive)
    if encoding.dpi is not None and encoding.format in {"png", "jpeg"}:
        options["dpi"] = (encoding.dpi, encoding.dpi)
    return options
