"""Examples for `exposure`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, flat, photo_file, photograph

PASSES = (
    ({}, photo_file("webp", 256, 256)),
    ({"min_mean": 0}, encoded(photograph().point(lambda value: value // 8 + 3), "png")),
    ({"max_mean": 255, "max_white_percent": 100}, encoded(flat((255, 255, 255)), "jpeg")),
)
FAILS = (
    ({}, encoded(photograph().point(lambda value: value // 8), "png")),
    ({}, encoded(flat((255, 255, 255)), "jpeg")),
    ({"max_mean": 255}, encoded(flat((255, 255, 255)), "png")),
    ({}, encoded(flat((128, 128, 128, 0)), "png")),
)
