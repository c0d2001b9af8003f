"""Examples for `format`."""

from __future__ import annotations

from unit.validators.sample_pictures import photo_file

PASSES = tuple(({"is": name}, photo_file(name)) for name in ("png", "jpeg", "webp", "avif"))
FAILS = (
    ({"is": "webp"}, photo_file("png")),
    ({"is": ["png", "avif"]}, photo_file("jpeg")),
)
