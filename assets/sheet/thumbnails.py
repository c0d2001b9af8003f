"""Small pictures as data URIs, made of bytes that anybody may have written."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX: Final = 160
"""The longest side of a thumbnail."""
PIXELS_MAX: Final = 80_000_000
"""A picture with more is not decoded: it would take more than 320 MB of memory. From 89 million on
Pillow warns as well."""
BYTES_MAX: Final = 200_000_000
"""A larger file is not read into memory for its thumbnail."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "AVIF", "GIF")
_QUALITY: Final = 60
"""Measured on studio cards and photographs at 160 px: 2.1 and 2.8 kB, 1.4 and 2.5 ms each
with effort 4. AVIF of the same look is 10 % smaller at four times the time."""
_EFFORT: Final = 2
"""Half the time of effort 4, for a few per cent more bytes: every run's end pays it for each new asset."""
_URI: Final = re.compile(r"data:image/webp;base64,[A-Za-z0-9+/]{16,40000}={0,2}")


def thumbnail(data: bytes) -> str | None:
    """Make a thumbnail of a picture: a data URI of a WebP with a longest side of `SIDE_PX`.

    A rotation that the file asks for is carried out, colours are turned into sRGB, of an animation
    the first picture is taken, and transparency stays. A smaller picture is not enlarged.

    Returns:
        None where the bytes are no PNG, JPEG, WebP, AVIF or GIF that can be decoded within
        `PIXELS_MAX`.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > PIXELS_MAX:
                return None
            return _encoded(_small(opened))
    except Exception:  # noqa: BLE001 - decoders raise anything on hostile bytes; there is no picture then
        return None


def is_thumbnail(text: str) -> bool:
    """Whether a text that was read from a page is a thumbnail as `thumbnail` makes them."""
    return _URI.fullmatch(text) is not None


def _small(opened: Image) -> Image:
    """Shrink a picture that was opened and not yet decoded."""
    from PIL import Image, ImageOps

    # A JPEG is decoded at a half, quarter or eighth of its size already, which is much faster.
    opened.draft(None, (SIDE_PX * 2, SIDE_PX * 2))
    opened.load()
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    is_clear = "A" in picture.getbands() or "transparency" in picture.info
    if picture.mode not in {"RGB", "RGBA", "CMYK"}:
        profile = None
        picture = picture.convert("RGBA" if is_clear else "RGB")
    picture.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture = _in_srgb(picture, profile)
    return picture if picture.mode in {"RGB", "RGBA"} else picture.convert("RGB")


def _in_srgb(picture: Image, profile: object) -> Image:
    """Turn colours that a profile describes into sRGB; a profile that does not work is passed over."""
    if not isinstance(profile, bytes) or not profile:
        return picture
    from PIL import ImageCms

    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        turned = ImageCms.profileToProfile(
            picture, found, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if turned is None else turned


def _encoded(picture: Image) -> str:
    file = io.BytesIO()
    picture.info.clear()
    picture.save(file, "WEBP", quality=_QUALITY, method=_EFFORT)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
