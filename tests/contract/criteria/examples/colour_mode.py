"""Examples for `colour_mode`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, photo_file, photograph

PASSES = (
    ({"is": "rgb"}, photo_file("jpeg")),
    ({"is": ["rgb", "rgba"], "bits": 8}, encoded(photograph().convert("RGBA"), "webp")),
    ({"is": "grey", "bits": [8, 16]}, encoded(photograph().convert("I;16"), "png")),
)
FAILS = (
    ({"is": "rgb"}, encoded(photograph().convert("CMYK"), "jpeg")),
    ({"is": "rgb"}, encoded(photograph().convert("P"), "png")),
    ({"is": "grey", "bits": 8}, encoded(photograph().convert("I;16"), "png")),
)
