"""Examples for `faces`."""

from __future__ import annotations

from unit.validators.brand_pictures import portrait
from unit.validators.sample_pictures import encoded, photo_file

_ONE = encoded(portrait(), "jpeg", quality=85)

PASSES = (
    ({"min": 1, "max": 1}, _ONE),
    ({"max": 0}, photo_file("png", 256, 192)),
    ({"max": 0, "min_width": 200}, _ONE),
)
FAILS = (
    ({"max": 0}, _ONE),
    ({"min": 2}, _ONE),
    ({"min": 1, "max": 1}, photo_file("png", 256, 192)),
)
