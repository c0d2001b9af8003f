"""Examples for `contrast`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, flat, gradient, photo_file

PASSES = (
    ({}, photo_file("webp", 256, 256)),
    ({"min_range": 30}, encoded(gradient(40), "png")),
)
FAILS = (
    ({}, encoded(gradient(40), "png")),
    ({}, encoded(flat(), "jpeg")),
    ({"max_range": 100}, encoded(gradient(200), "png")),
    ({}, encoded(flat((9, 9, 9, 0)), "webp")),
)
