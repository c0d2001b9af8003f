"""Examples for `transparency`."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter
from unit.validators.sample_pictures import encoded, photo_file, photograph


def cut_out(ground: tuple[int, int, int] | None = None) -> Image.Image:
    """Return an ellipse of a photograph, its soft edge mixed with the ground if there is one."""
    image = photograph(256, 256).copy()
    shape = Image.new("L", image.size, 0)
    ImageDraw.Draw(shape).ellipse((40, 60, 210, 200), fill=255)
    shape = shape.filter(ImageFilter.GaussianBlur(1.5))
    if ground is not None:
        image = Image.composite(image, Image.new("RGB", image.size, ground), shape)
    image.putalpha(shape)
    return image


def unused() -> Image.Image:
    """Return a photograph with a channel for transparency that is solid everywhere."""
    image = photograph(128, 128).copy()
    image.putalpha(255)
    return image


PASSES = (
    ({"is": "needed"}, encoded(cut_out(), "png")),
    ({"is": "needed"}, encoded(cut_out(), "webp", lossless=True)),
    ({"is": "needed", "max_halo": 255}, encoded(cut_out((255, 255, 255)), "png")),
    ({"is": "forbidden"}, photo_file("jpeg")),
    ({"is": "forbidden"}, encoded(unused(), "png")),
)
FAILS = (
    ({"is": "needed"}, photo_file("jpeg")),
    ({"is": "needed"}, encoded(unused(), "png")),
    ({"is": "needed"}, encoded(cut_out((255, 255, 255)), "png")),
    ({"is": "needed"}, encoded(cut_out((0, 0, 0)), "png")),
    ({"is": "needed", "min_percent": 90}, encoded(cut_out(), "png")),
    ({"is": "forbidden"}, encoded(cut_out(), "webp")),
)
