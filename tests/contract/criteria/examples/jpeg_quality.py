"""Examples for `jpeg_quality`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, photo_file, photograph

PASSES = (
    ({"min": 80, "max": 80}, encoded(photograph(), "jpeg", quality=80)),
    ({"min": 99}, photo_file("png")),
)
FAILS = (
    ({"min": 75}, encoded(photograph(), "jpeg", quality=74)),
    ({"max": 95}, encoded(photograph(), "jpeg", quality=96)),
)
