"""Examples for `logo`."""

from __future__ import annotations

from unit.validators.brand_pictures import logo_address, with_logo
from unit.validators.sample_pictures import encoded, photo_file

_LOGO = logo_address()

PASSES = (
    ({"picture": _LOGO, "min_width": 150}, encoded(with_logo(160), "jpeg", quality=80)),
    ({"picture": _LOGO, "clear_space": 0.25}, encoded(with_logo(200, plate=50), "webp")),
    ({"picture": _LOGO, "absent": True}, photo_file("png", 256, 192)),
)
FAILS = (
    ({"picture": _LOGO}, photo_file("png", 256, 192)),
    ({"picture": _LOGO, "min_width": 200}, encoded(with_logo(160), "png")),
    ({"picture": _LOGO, "absent": True}, encoded(with_logo(160).rotate(20), "png")),
)
