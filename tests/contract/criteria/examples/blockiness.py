"""Examples for `blockiness`."""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from unit.validators.sample_pictures import encoded, photo_file, photograph

BAD = encoded(photograph(256, 256), "jpeg", quality=5)

PASSES = (
    ({}, photo_file("png", 256, 256)),
    ({}, encoded(photograph(256, 256), "jpeg", quality=90)),
    ({"max_grid": 200}, BAD),
)
FAILS = (
    ({}, BAD),
    ({}, encoded(Image.open(BytesIO(BAD)), "png")),
    ({"max_grid": 0.01}, encoded(photograph(256, 256), "jpeg", quality=60)),
)
