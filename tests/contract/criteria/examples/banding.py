"""Examples for `banding`."""

from __future__ import annotations

from PIL import Image
from unit.validators.sample_pictures import encoded, flat, gradient, photo_file


def banded(step: int) -> Image.Image:
    """Return a gradient in bands of so many levels."""
    return gradient(160).point(lambda value: value // step * step)


PASSES = (
    ({}, photo_file("webp", 256, 256)),
    ({}, encoded(gradient(160), "png")),
    ({}, encoded(flat(), "jpeg")),
    ({"min_step": 9}, encoded(banded(8), "png")),
)
FAILS = (
    ({}, encoded(banded(8), "png")),
    ({"max_banded_percent": 0}, encoded(banded(16), "webp", lossless=True)),
)
