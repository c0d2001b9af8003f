"""Examples for `palette`."""

from __future__ import annotations

from unit.validators.brand_pictures import card
from unit.validators.sample_pictures import encoded, flat, photo_file

_BLUE = "#0b3d91"

PASSES = (
    ({"colours": [_BLUE], "min_share": 0.4}, encoded(card(_BLUE), "webp", quality=80)),
    ({"colours": [_BLUE, "#ffffff"], "each_min_share": 0.2}, encoded(card(_BLUE), "jpeg")),
    ({"colours": [_BLUE], "min_share": 0.0}, photo_file("png", 256, 256)),
)
FAILS = (
    ({"colours": ["#e30613"], "min_share": 0.1}, encoded(card(_BLUE), "png")),
    ({"colours": [_BLUE, "#e30613"], "each_min_share": 0.02}, encoded(card(_BLUE), "png")),
    ({"colours": [_BLUE]}, encoded(flat((11, 61, 145, 0)), "png")),
)
