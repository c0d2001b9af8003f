"""The picture as it looks on a white page, turned as people see it: in RGB, without transparency.

Numbers are taken as sRGB, whatever profile the file carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from validators.luminance import upright

if TYPE_CHECKING:
    from PIL.Image import Image

    from validators.picture import Picture


def on_page(picture: Picture, side: int | None = None) -> Image:
    """Return the picture over white in RGB, whole or with at most `side` pixels a side."""
    return flattened(upright(picture, picture.eight_bit() if side is None else picture.proxy(side)))


def flattened(image: Image) -> Image:
    """Return a picture in 8 bits over white in RGB."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    from PIL import Image as Images

    page = Images.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
