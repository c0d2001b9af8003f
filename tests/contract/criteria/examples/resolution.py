"""Examples for `resolution`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, photo_file, photograph

PASSES = (
    ({"min_dpi": 300}, encoded(photograph(), "png", dpi=(300, 300))),
    ({"min_dpi": 72, "max_dpi": 72}, encoded(photograph(), "jpeg", dpi=(72, 72))),
    ({"min_dpi": 300}, photo_file("webp")),
)
FAILS = (
    ({"min_dpi": 300}, encoded(photograph(), "jpeg", dpi=(72, 72))),
    ({"max_dpi": 150}, encoded(photograph(), "png", dpi=(150, 300))),
    ({"min_dpi": 300, "unstated": False}, photo_file("avif")),
)
