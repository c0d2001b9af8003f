"""Examples for `dimensions`."""

from __future__ import annotations

from unit.validators.sample_pictures import photo_file

PASSES = (
    ({"width": 96, "height": 64}, photo_file("png")),
    ({"min_width": 90, "max_height": 64}, photo_file("jpeg")),
    ({"multiple_of": 32}, photo_file("webp")),
)
FAILS = (
    ({"width": 96, "height": 64}, photo_file("png", 96, 63)),
    ({"max_width": 95}, photo_file("avif")),
    ({"multiple_of": 64}, photo_file("webp")),
)
