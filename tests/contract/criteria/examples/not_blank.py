"""Examples for `not_blank`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, flat, gradient, noisy_flat, photo_file

PASSES = (
    ({}, photo_file("webp", 256, 256)),
    ({}, encoded(gradient(60), "png")),
    ({"min_spread": 40}, photo_file("jpeg", 512, 384)),
)
FAILS = (
    ({}, encoded(flat(), "webp")),
    ({}, encoded(flat((255, 255, 255, 0)), "png")),
    ({}, encoded(noisy_flat(3), "jpeg")),
    ({"min_spread": 120}, encoded(gradient(60), "png")),
)
