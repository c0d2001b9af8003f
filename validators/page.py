"""The picture as it looks on a page, white or black: turned as people see it, in RGB.

Numbers are taken as sRGB, whatever profile the file carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from validators.luminance import upright

if TYPE_CHECKING:
    from PIL.Image import Image

    from validators.picture import Picture


def on_page(picture: Picture, side: int | None = None, page: str = "white") -> Image:
    """Return the picture over a page in RGB, whole or with at most `side` pixels a side."""
    seen = picture.eight_bit() if side is None else picture.proxy(side)
    return flattened(upright(picture, seen), page)


def flattened(image: Image, page: str = "white") -> Image:
    """Return a picture in 8 bits over a page of one colour in RGB."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    from PIL import Image as Images

    laid = Images.new("RGB", image.size, page)
    laid.paste(image, mask=image.getchannel("A"))
    return laid
