"""Examples for `noise`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, flat, gradient, noisy_flat, photo_file

PASSES = (
    ({}, photo_file("webp", 256, 256)),
    ({}, encoded(gradient(100), "png")),
    ({}, encoded(flat((255, 255, 255)), "png")),
    ({"max_noise": 12}, encoded(noisy_flat(12), "png")),
)
FAILS = (
    ({}, encoded(noisy_flat(12), "png")),
    ({"max_noise": 0.5}, encoded(noisy_flat(3), "png")),
)
