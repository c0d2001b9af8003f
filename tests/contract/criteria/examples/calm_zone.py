"""Examples for `calm_zone`."""

from __future__ import annotations

from PIL import ImageDraw
from unit.validators.sample_pictures import encoded, flat, gradient, noisy_flat

TOP = {"zone": {"height": 0.3}}
BOTTOM = {"zone": {"top": 0.7, "height": 0.3}}
STRIPED = flat()
for _x in range(0, 256, 16):
    ImageDraw.Draw(STRIPED).rectangle((_x, 0, _x + 7, 100), fill="white")

PASSES = (
    (BOTTOM, encoded(STRIPED, "png")),
    (TOP, encoded(gradient(60), "jpeg")),
    (TOP, encoded(noisy_flat(4), "webp")),
)
FAILS = (
    (TOP, encoded(STRIPED, "png")),
    (TOP, encoded(gradient(200), "png")),
    ({**TOP, "max_range": 20}, encoded(gradient(60), "jpeg")),
)
