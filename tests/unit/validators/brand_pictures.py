"""Pictures for the criteria of colour, brand and text, made here."""

from __future__ import annotations

import functools

from PIL import Image, ImageDraw, ImageFont
from unit.validators.sample_pictures import encoded

from validators.fingerprint import fingerprint
from validators.picture import Limits, Picture, open_picture, sha256_of


def opened(image: Image.Image, image_format: str = "png") -> Picture:
    """Return the picture as criteria get it."""
    data = encoded(image, image_format)
    picture = open_picture(data, sha256_of(data), None, Limits())
    assert isinstance(picture, Picture)
    return picture


def hashed(image: Image.Image) -> str:
    """Return the perceptual hash of the picture."""
    return fingerprint(opened(image)).phash


def card(colour: str, size: tuple[int, int] = (256, 256)) -> Image.Image:
    """Return a card whose left half has the colour and whose right half is white."""
    image = Image.new("RGB", size, "white")
    image.paste(colour, (0, 0, size[0] // 2, size[1]))
    return image


@functools.cache
def typeface(size: int) -> ImageFont.FreeTypeFont:
    """Return the studio's own typeface, which is installed with Mintage, in so many pixels."""
    from importlib.resources import files

    folder = files("font_manrope") / "files"
    path = next(item for item in folder.iterdir() if item.name.endswith("SemiBold.ttf"))
    return ImageFont.truetype(str(path), size)


def headline(
    text_colour: str,
    ground: str,
    text: str = "SUMMER SALE",
    size: tuple[int, int] = (480, 160),
) -> Image.Image:
    """Return a line of text on one colour."""
    image = Image.new("RGB", size, ground)
    written(image, text, (size[0] // 2, size[1] // 2), size[1] // 3, text_colour)
    return image


def written(
    image: Image.Image, text: str, middle: tuple[int, int], height: int, colour: str = "white"
) -> None:
    """Write a line on a picture; `height` is the size of the type in pixels."""
    ImageDraw.Draw(image).text(middle, text, colour, typeface(height), anchor="mm")


def qr_code(text: str, side: int = 200) -> Image.Image:
    """Return a QR code with its quiet zone, at most so many pixels a side."""
    import cv2

    code = Image.fromarray(cv2.QRCodeEncoder.create().encode(text))
    modules = code.width + 4
    page = Image.new("L", (modules, modules), 255)
    page.paste(code, (2, 2))
    factor = max(1, side // modules)
    return page.resize((modules * factor,) * 2, Image.Resampling.NEAREST).convert("RGB")
