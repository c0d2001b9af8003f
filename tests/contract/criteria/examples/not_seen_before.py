"""Examples for `not_seen_before`."""

from __future__ import annotations

from PIL import ImageEnhance, ImageOps
from unit.validators.brand_pictures import hashed
from unit.validators.sample_pictures import encoded, photo_file, photograph

_SEEN = photograph(256, 192)
_FOLDER = {"forbidden": [{"name": "licensed/beach.png", "phash": hashed(_SEEN)}]}

PASSES = (
    ({}, photo_file("png")),
    (_FOLDER, encoded(photograph(256, 192, seed=21), "jpeg")),
    ({**_FOLDER, "max_distance": 0}, encoded(_SEEN.rotate(90, expand=True), "png")),
)
FAILS = (
    (_FOLDER, encoded(_SEEN, "jpeg", quality=40)),
    (_FOLDER, encoded(ImageOps.mirror(_SEEN).resize((128, 96)), "webp")),
    (_FOLDER, encoded(ImageEnhance.Brightness(_SEEN).enhance(1.2), "avif")),
)
