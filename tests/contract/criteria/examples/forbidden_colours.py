"""Examples for `forbidden_colours`."""

from __future__ import annotations

from unit.validators.brand_pictures import card
from unit.validators.sample_pictures import encoded, flat

PASSES = (
    ({"colours": ["#e30613"]}, encoded(card("#0b3d91"), "webp")),
    ({"colours": ["#e30613"]}, encoded(flat((227, 6, 19, 0)), "png")),
    ({"colours": "#0b3d91", "max_share": 0.6}, encoded(card("#0b3d91"), "png")),
)
FAILS = (
    ({"colours": ["#00ff00", "#0b3d91"]}, encoded(card("#0b3d91"), "avif")),
    ({"colours": ["#0c3f94"], "tolerance": 3}, encoded(card("#0b3d91"), "png")),
)
