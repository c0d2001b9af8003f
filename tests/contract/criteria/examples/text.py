"""Examples for `text`."""

from __future__ import annotations

from unit.validators.brand_pictures import headline
from unit.validators.sample_pictures import encoded, photo_file

_SALE = encoded(headline("#ffffff", "#0b3d91", "Summer Sale"), "jpeg", quality=85)

PASSES = (
    ({}, photo_file("png", 256, 192)),
    ({"words": ["SUMMER SALE"]}, _SALE),
    ({"words": ["Sale", "Summer", "Winter"], "required": False}, _SALE),
    ({"forbidden": ["cheap", "mer sale"]}, _SALE),
)
FAILS = (
    ({}, _SALE),
    ({"words": ["Sumer Sale"]}, _SALE),
    ({"words": ["Summer Sale", "50 % off"]}, _SALE),
    ({"forbidden": "sale"}, _SALE),
    ({"words": "Summer Sale"}, photo_file("png", 256, 192)),
)
