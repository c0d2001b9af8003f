"""Examples for `upscaled`."""

from __future__ import annotations

from PIL import Image, ImageFilter
from unit.validators.sample_pictures import encoded, flat, photograph

SHARP = photograph(512, 512).filter(ImageFilter.UnsharpMask(2, 300))


def enlarged(factor: int, resampling: Image.Resampling) -> Image.Image:
    """Return the photograph made smaller and enlarged to its size again."""
    side = 512 // factor
    return SHARP.reduce(factor).resize((side * factor, side * factor), resampling)


PASSES = (
    ({}, encoded(SHARP, "png")),
    ({}, encoded(flat(), "png")),
    ({"min_detail": 0}, encoded(enlarged(4, Image.Resampling.BICUBIC), "png")),
)
FAILS = (
    ({}, encoded(enlarged(4, Image.Resampling.BICUBIC), "png")),
    ({}, encoded(enlarged(2, Image.Resampling.NEAREST), "png")),
    ({}, encoded(enlarged(3, Image.Resampling.LANCZOS), "png")),
)
