"""Examples for `sharpness`."""

from __future__ import annotations

from PIL import ImageFilter
from unit.validators.sample_pictures import encoded, flat, photograph

SHARP = photograph(256, 256).filter(ImageFilter.UnsharpMask(2, 200))
BLURRED = photograph(256, 256).filter(ImageFilter.GaussianBlur(3))
SOFT = SHARP.filter(ImageFilter.GaussianBlur(1))

PASSES = (
    ({}, encoded(SHARP, "png")),
    ({"floor": 5}, encoded(SOFT, "png")),
    ({"baseline": 40, "min_share": 60}, encoded(SHARP, "webp", quality=95)),
)
FAILS = (
    ({}, encoded(BLURRED, "png")),
    ({}, encoded(flat(), "png")),
    ({"baseline": 100}, encoded(SHARP, "png")),
)
