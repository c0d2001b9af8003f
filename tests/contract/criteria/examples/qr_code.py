"""Examples for `qr_code`."""

from __future__ import annotations

from unit.validators.brand_pictures import qr_code
from unit.validators.sample_pictures import encoded, photo_file, photograph

_URL = "https://acme.example/spring"
_POSTER = photograph(480, 360).copy()
_POSTER.paste(qr_code(_URL), (240, 120))

PASSES = (
    ({"value": _URL}, encoded(_POSTER, "jpeg", quality=80)),
    ({}, encoded(_POSTER.rotate(8, fillcolor="white"), "webp")),
    ({"absent": True}, photo_file("png", 256, 256)),
)
FAILS = (
    ({"absent": True}, encoded(_POSTER, "avif")),
    ({"value": "https://acme.example/autumn"}, encoded(_POSTER, "png")),
    ({}, photo_file("png", 256, 256)),
    ({"value": _URL}, encoded(qr_code(_URL).resize((14, 14)), "png")),
)
