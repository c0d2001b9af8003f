"""Examples for `nudity`: what fails is no nude, only what the model takes for one."""

from __future__ import annotations

from unit.validators.brand_pictures import ovals
from unit.validators.sample_pictures import encoded, photo_file

PASSES = (
    ({}, photo_file("jpeg", 256, 256)),
    ({"max_score": 0.9}, encoded(ovals(131), "png")),
)
FAILS = (
    ({}, encoded(ovals(131), "png")),
    ({"max_score": 0.3}, encoded(ovals(39), "jpeg", quality=90)),
)
