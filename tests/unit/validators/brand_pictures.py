"""Pictures for the criteria of colour, brand and text, made here."""

from __future__ import annotations

import functools
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from unit.validators.sample_pictures import encoded, photograph

from validators.fingerprint import fingerprint
from validators.picture import Limits, Picture, open_picture, sha256_of
from validators.references import as_data_address


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


def ovals(seed: int) -> Image.Image:
    """Return soft ovals in the colours of skin: no nude, but the model for nudity may think so."""
    rng = random.Random(seed)  # noqa: S311 - the same picture every time, no secret
    image = Image.new("RGB", (256, 256), tuple(rng.randrange(30, 240) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    skin = (224, 172 - rng.randrange(30), 140 - rng.randrange(30))
    draw.ellipse((78, 90, 178, 260), fill=skin)
    draw.ellipse((60, 10, 196, 100) if seed % 2 else (98, 10, 158, 90), fill=skin)
    for _ in range(rng.randrange(4)):
        x, y = rng.randrange(60, 180), rng.randrange(60, 230)
        half = rng.randrange(15, 60)
        shade = tuple(max(0, level - rng.randrange(-20, 50)) for level in skin)
        draw.ellipse((x - half, y - half, x + half, y + half), fill=shade)
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=(170, 90, 80))
    return image.filter(ImageFilter.GaussianBlur(rng.choice([1, 2, 4])))


@functools.cache
def logo() -> Image.Image:
    """Return the logo of a brand that does not exist."""
    image = Image.new("RGB", (512, 256), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 40, 196, 216), fill="#0b3d91")
    draw.polygon([(60, 180), (108, 70), (156, 180)], fill="#ffd700")
    draw.text((215, 128), "Acme", "#111111", typeface(110), anchor="lm")
    return image


@functools.cache
def logo_address() -> str:
    """Return the logo as a criterion holds it."""
    address = as_data_address(encoded(logo(), "png"))
    assert address is not None
    return address


def with_logo(width: int, at: tuple[int, int] = (300, 200), plate: int = 0) -> Image.Image:
    """Return a photograph with the logo on it, on a white plate that is so much larger."""
    image = photograph(800, 600).copy()
    small = logo().resize((width, width // 2))
    image.paste(
        "white", (at[0] - plate, at[1] - plate, at[0] + width + plate, at[1] + width // 2 + plate)
    )
    image.paste(small, at)
    return image


def portrait() -> Image.Image:
    """Return the photograph of an astronaut (NASA, public domain) that scikit-image carries."""
    skimage = pytest.importorskip("skimage", reason="the photograph comes with scikit-image")
    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as photo:
        return photo.convert("RGB")
