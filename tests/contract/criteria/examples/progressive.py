"""Examples for `progressive`."""

from __future__ import annotations

from unit.validators.sample_pictures import encoded, interlaced_png, photo_file, photograph

PASSES = (
    ({"is": True}, encoded(photograph(), "jpeg", progressive=True)),
    ({"is": True}, interlaced_png()),
    ({"is": False}, photo_file("jpeg")),
    ({"is": False}, photo_file("webp")),
)
FAILS = (
    ({"is": False}, encoded(photograph(), "jpeg", progressive=True)),
    ({"is": False}, interlaced_png()),
    ({"is": True}, photo_file("png")),
    ({"is": True}, photo_file("avif")),
)
