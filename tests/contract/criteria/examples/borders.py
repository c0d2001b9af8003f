"""Examples for `borders`."""

from __future__ import annotations

from PIL import ImageOps
from unit.validators.sample_pictures import encoded, flat, photo_file, photograph

BARRED = ImageOps.expand(photograph(256, 256), (0, 24, 0, 30), "black")
FRAMED = ImageOps.expand(photograph(256, 256), 8, "white")

PASSES = (
    ({}, photo_file("jpeg", 256, 256)),
    ({}, encoded(flat((255, 255, 255)), "png")),
    ({"max_percent": 10}, encoded(BARRED, "png")),
)
FAILS = (
    ({}, encoded(BARRED, "png")),
    ({}, encoded(BARRED, "jpeg", quality=60)),
    ({}, encoded(FRAMED, "webp")),
)
