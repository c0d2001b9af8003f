"""Examples for `aspect_ratio`."""

from __future__ import annotations

from unit.validators.sample_pictures import photo_file

PASSES = (
    ({"ratio": "3:2"}, photo_file("png")),
    ({"ratio": "1.5:1"}, photo_file("webp")),
    ({"ratio": "16:9", "tolerance_percent": 2.0}, photo_file("jpeg", 168, 96)),
)
FAILS = (
    ({"ratio": "16:9"}, photo_file("jpeg", 168, 96)),
    ({"ratio": "2:3"}, photo_file("avif")),
)
